"""What the model is sent: kernel state, cells, history and attachments, within a budget of tokens.

Reads the kernel and what is attached, and makes the messages of it.
"""

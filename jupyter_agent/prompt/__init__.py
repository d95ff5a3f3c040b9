"""What the model is sent: kernel state, cells, history and attachments, within a budget of tokens.

Pure functions of what a turn knows.
"""

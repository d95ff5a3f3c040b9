"""What a model may do: read the kernel and the notebook, run code, edit cells (plug point).

A tool's failure is a message to the model that says what to do.
"""

"""`jupyter agent …`: questions about notebook files, conversations and models from a terminal.

One module per command; `main` runs one.
"""

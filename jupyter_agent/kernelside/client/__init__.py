"""The client of the Jupyter server that this kernel belongs to."""

"""The door in the Jupyter server: one turn by REST or as a stream, conversations, kernels."""

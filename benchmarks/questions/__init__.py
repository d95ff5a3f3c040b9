"""Everyday questions on live kernels, asked of the model that needs no language model."""

"""Kernels: local and remote (plug point)."""

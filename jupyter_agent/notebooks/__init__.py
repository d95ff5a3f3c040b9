"""Notebooks: as a server's contents, as a client posts them, as a file."""

"""Notebooks: as a server's contents, as a client posts them, open in a page, as a file."""

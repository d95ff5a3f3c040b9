"""Notebooks behind one protocol: a file, Jupyter's contents, open in a page, posted by a client.

Every edit is compared before it is swapped, and can be undone.
"""

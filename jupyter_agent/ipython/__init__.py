"""``%load_ext jupyter_agent``: `%agent` where no Jupyter server answers it.

Runs the same assistant in this process, on the same store.
"""

"""Plugins for all tests: a Jupyter server in process and an event loop of its own."""

pytest_plugins = ["pytest_jupyter.jupyter_server"]

"""Plugins for all tests: a Jupyter server in process and an event loop of its own."""

import signal

pytest_plugins = ["pytest_jupyter.jupyter_server"]

# What a shell starts in the background ignores Ctrl-C, and so would the programs that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

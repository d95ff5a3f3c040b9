"""Plugins for all tests: a Jupyter server in process with an event loop of its own, and stores of every kind."""

import signal

pytest_plugins = ["pytest_jupyter.jupyter_server", "tests.support.store_fixtures"]

# What a shell starts in the background ignores Ctrl-C, and so would the programs that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

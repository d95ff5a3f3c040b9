"""The Model Context Protocol endpoint: our tools for other agents.

Behind Jupyter's own authentication, with the user's approval mode.
"""

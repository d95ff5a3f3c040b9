"""MCP servers as a source of tools.

Their tools stand next to ours, and each call is asked about unless the user trusts it.
"""

"""Conversations: begun, renewed and finished as a log of turns, branched, undone, exported.

`SessionManager` is the only writer to a store.
"""

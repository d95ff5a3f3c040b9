"""Turns that run in this server: their events, pending calls, and who follows them.

Event logs are numbered, so that a broken stream can be resumed.
"""

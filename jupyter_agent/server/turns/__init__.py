"""Turns that run in this server: their events, pending calls and readers.

Event logs are numbered, so that a broken stream can be resumed.
"""

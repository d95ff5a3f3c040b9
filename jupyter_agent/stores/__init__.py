"""Session stores behind one protocol (plug point).

Memory, a folder of files, SQLite, PostgreSQL, Redis.
"""

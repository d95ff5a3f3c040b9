"""One cell's source: its names, statements, expressions and effects.

Magics and shell lines included; knows the calls of well-known libraries.
"""

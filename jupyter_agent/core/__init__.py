"""The vocabulary: messages, events, errors, what is known of a kernel, conversations, and the five protocols.

Everything else imports from here; nothing here does I/O.
"""

"""Secrets are taken out of everything that is stored or leaves the machine.

Known values first, then whatever looks like a secret; streams too.
"""

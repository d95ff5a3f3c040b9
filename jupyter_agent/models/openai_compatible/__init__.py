"""Any server that speaks OpenAI's chat completions: requests, streams, failures.

Shared by all models that are reached this way.
"""

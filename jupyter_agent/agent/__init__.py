"""One turn, end to end: prompt, model, tools, approvals and limits.

`Assistant` is what every entry point calls.
"""

"""The Jupyter server extension: routes, authentication, turns that run in the background, event streams.

Translates HTTP into questions to the assistant, and errors into replies.
"""

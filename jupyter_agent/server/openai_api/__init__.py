"""The OpenAI-compatible endpoint: chat completions and models.

Any OpenAI client talks to the notebook's assistant.
"""

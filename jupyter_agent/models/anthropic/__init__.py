"""Anthropic's models by their own API: the model, and the Messages API's requests and answers."""

"""Language models behind one protocol (plug point).

Offline, scripted, Anthropic, OpenAI-compatible servers, and models on this machine.
"""

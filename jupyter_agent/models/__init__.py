"""Language models behind one protocol (plug point).

Offline, scripted, OpenAI-compatible servers, and models on this machine.
"""

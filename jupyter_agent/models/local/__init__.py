"""Models on this machine: a GGUF file, or a repository of Hugging Face.

llama.cpp in a process of its own.
"""

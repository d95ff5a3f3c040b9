"""Providers of OpenAI-compatible servers: where each listens and which key it takes."""

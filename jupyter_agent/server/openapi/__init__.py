"""The OpenAPI document, and the checks of requests that are made from it.

What is documented is what is accepted.
"""

"""The table of operations, and what is made from it and the wire types.

The checks of requests, the OpenAPI document, and the types of the front end: what is documented is what is accepted.
"""

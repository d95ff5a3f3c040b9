"""The REST handlers, one module per resource.

Each is authenticated and authorised, and checks bodies against the contract.
"""

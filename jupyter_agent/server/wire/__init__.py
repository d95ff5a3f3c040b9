"""The wire contract as Python types, by resource: what requests may bring and what replies and events carry.

The checks of bodies, the OpenAPI document and the TypeScript types are made from these.
"""

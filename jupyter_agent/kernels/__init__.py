"""Kernels behind one protocol: in this process, over ZeroMQ, behind a gateway.

State over the control channel, code over the shell channel, outputs within limits.
"""

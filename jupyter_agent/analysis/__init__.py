"""What cells do, found without running them: definitions, uses and effects, and how values flow between cells.

Dataflow, provenance, the trace of what was executed, and checks of code before it runs.
"""

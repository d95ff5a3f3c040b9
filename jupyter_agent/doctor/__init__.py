"""The hidden-state report: findings, and whether Restart & Run All would reproduce the notebook.

Predicted from the cells, or proved by a real run in a fresh kernel.
"""

"""Descriptions of values by their exact class, within a budget, without running any of their code."""

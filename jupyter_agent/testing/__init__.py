"""Contract suites of the plug points: store, model, tool, kernel, notebook.

Subclass one in a pytest file to check an implementation of your own. Nothing else of the package imports this folder.
"""

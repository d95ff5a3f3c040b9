"""The notebook assistant that already knows your notebook."""

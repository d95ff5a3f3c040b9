"""Session stores behind one protocol (plug point)."""

"""Language models behind one protocol (plug point)."""

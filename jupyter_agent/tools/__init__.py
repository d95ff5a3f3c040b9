"""What a model may do (plug point)."""

"""Questions about data, asked of a model through the assistant and without it."""

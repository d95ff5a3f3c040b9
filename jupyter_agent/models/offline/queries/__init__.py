"""Questions that are wholly understood, by what they are about: parts of values, arrays, models, code, errors."""

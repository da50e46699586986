"""From bytes to what a model sees."""

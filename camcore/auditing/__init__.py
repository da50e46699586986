"""The dataset audit: what a model relies on, proven by intervention."""

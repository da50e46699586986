"""Models: the catalogue, safe loading, and Keras behind the one protocol."""

"""Keras models behind the protocol; nothing outside knows Keras."""

"""Repairs of networks that rely on planted cues, measured on pictures that nothing has seen."""

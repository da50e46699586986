"""Serving the pages to a team: whether a machine is ready for it."""

"""What makes the bundled networks, scenes and digits."""

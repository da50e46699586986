"""Pictures of maps and of networks."""

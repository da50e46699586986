"""What if this were not there? A picture edited by hand, and what the model then answers."""

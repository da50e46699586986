"""Where files lie: on this machine or at an address, and what of that may be read."""

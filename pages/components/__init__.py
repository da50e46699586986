"""What several pages use: pickers, the viewer, the address, downloads."""

"""Foreign model files: copied, inspected, first loaded in a child process."""

"""The run folder: what is written, what is read, and what a run is."""

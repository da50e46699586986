"""The parts of the Audit page: choose, run, read, decide, compare."""

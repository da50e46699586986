"""The command line; each command imports what it calculates with when it runs."""

"""Commands over several packages; each imports what it calculates with when it runs."""

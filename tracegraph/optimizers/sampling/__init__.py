"""Numbers and choices: the space they span, what was observed in it, and where to look next."""

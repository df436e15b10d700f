"""Code as a parameter: its source, the rules for a change, and where changed code runs."""

"""Omni-R1: global reasoning over a whole video, details on a few of its frames."""

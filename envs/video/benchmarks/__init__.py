"""Benchmarks on the user's disk, in the layouts that their publishers give them."""

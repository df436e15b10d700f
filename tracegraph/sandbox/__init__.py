"""Isolation: run code that a model wrote where it can hurt nothing."""

"""Attacks on the sandbox, each with a positive control; see run.py."""

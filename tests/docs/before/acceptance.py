"""Scores of two candidates on the same examples."""

k = 1
scores = [(0.0, 1.0), (1.0, 1.0)] * 20

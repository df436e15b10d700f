"""Optimizers side by side on tasks with known answers."""

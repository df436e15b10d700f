"""OPTO: problems, optimizers, proposals."""

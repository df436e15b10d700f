"""The run store: one SQLite file a project."""

"""The embedded model: its files, its server process, and the small embedding model."""

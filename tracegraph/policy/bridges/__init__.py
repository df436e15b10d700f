"""Bridges to trainers of other packages."""

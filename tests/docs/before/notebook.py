"""A table."""

from pathlib import Path

Path("sales.csv").write_text("month,amount\nMay,3\nJune,5\n")

"""Prompt files, one folder an agent or optimizer: Markdown with YAML front matter."""

"""What `tracegraph init` writes: texts of a small project."""

"""The loop: examples, guides, evaluation, search, acceptance by evidence."""

"""Record: nodes, bundled functions, feedback."""

"""The pytest plugin: a workflow's examples and thresholds are tests."""

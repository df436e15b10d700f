"""A desktop as an environment: actions, providers, tasks, scores."""

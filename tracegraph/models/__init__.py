"""Language models: the client, structured output, cache, budget, and local servers."""

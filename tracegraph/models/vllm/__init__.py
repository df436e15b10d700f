"""vLLM: its environment, its servers, and the pool that the client speaks to."""

"""The agents that come with tracegraph, one package each."""

"""tracegraph: improve LLM workflows and agents."""

from tracegraph._version import __version__

__all__ = ["__version__"]

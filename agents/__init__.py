"""Agents: each works on tasks in an environment and leaves Episodes."""

from tracegraph.agents.episode import Episode, Turn, versions
from tracegraph.agents.protocol import Agent, OnEvent

__all__ = ["Agent", "Episode", "Turn", "OnEvent", "versions"]

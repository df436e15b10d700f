"""Where attempts run. The pool decides what runs, how often, and what is counted."""

from __future__ import annotations

from typing import Protocol

from tracegraph.agents import Episode
from tracegraph.rollout.work import RunEpisode, Work


class Engine(Protocol):
    """Runs one attempt at an episode, many at a time.

    What dies with a machine, a process or a connection is an EnvError: the pool tries again. A
    cancelled attempt ends what it started, also elsewhere.
    """

    async def run(self, episode: RunEpisode, item: Work) -> Episode:
        """Run one attempt to its end."""


class Here:
    """This process and its event loop."""

    async def run(self, episode: RunEpisode, item: Work) -> Episode:
        """Run it as a part of the calling task."""
        return await episode(item)

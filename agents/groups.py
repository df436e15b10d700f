"""Groups: the episodes of one task, which are compared with each other."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracegraph.agents.episode import Episode
from tracegraph.envs import RETRIED

_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Group:
    """Episodes of one task, in the order of their seeds; faults of the machine are not in it."""

    task: str
    episodes: tuple[Episode, ...]

    @property
    def evaluations(self) -> list[float]:
        """The score of each, without the format reward."""
        return [evaluation_of(episode) for episode in self.episodes]

    @property
    def rewards(self) -> list[float]:
        """The reward of each."""
        return [episode.reward or 0.0 for episode in self.episodes]


def group_by_task(episodes: Iterable[Episode]) -> list[Group]:
    """Return a group for each task that has an episode with a reward, in order of appearance.

    Episodes whose environment or evaluation broke say nothing about the agent: they are left out,
    never counted as 0.
    """
    found: dict[str, list[Episode]] = {}
    for episode in episodes:
        if episode.outcome not in RETRIED and episode.reward is not None:
            found.setdefault(episode.task, []).append(episode)
    return [
        Group(task, tuple(sorted(listed, key=lambda e: e.seed))) for task, listed in found.items()
    ]


def advantages(rewards: Sequence[float]) -> list[float]:
    """Return each reward's distance from the mean in unbiased standard deviations (GRPO).

    A group whose rewards are all the same teaches nothing: zeros. So does one of a single
    episode, which has no deviation.
    """
    if len(rewards) < 2:
        return [0.0] * len(rewards)
    mean, spread = statistics.fmean(rewards), statistics.stdev(rewards)
    return [(value - mean) / (spread + _EPSILON) for value in rewards]


def evaluation_of(episode: Episode) -> float:
    """Return an episode's score without the format reward."""
    return episode.rewards.get("evaluation", episode.reward or 0.0)

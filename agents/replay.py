"""The replay buffer: earlier successes for groups in which everything failed.

Source: ARPO, `replay_buffer.py` and `apply_replay`. The order of a step is theirs: injection
first, from what earlier steps left, then the fresh episodes are stored.
"""

from __future__ import annotations

import json
import os
import random
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tracegraph.agents.episode import Episode, Turn
from tracegraph.agents.groups import Group, evaluation_of
from tracegraph.errors import TracegraphError


@dataclass(frozen=True, slots=True)
class ReplayRule:
    """When episodes are kept and when one is injected; the published values by default.

    Attributes:
        enabled: without it groups stay as they are, and nothing is kept.
        per_task: episodes kept a task, first in, first out.
        store_above: an evaluation above it is kept.
        std_below, mean_below: of a group's evaluations, for an injection.
    """

    enabled: bool = True
    per_task: int = 8
    store_above: float = 0.1
    std_below: float = 0.05
    mean_below: float = 0.2


@dataclass(frozen=True, slots=True)
class Kept:
    """An episode in the buffer."""

    task: str
    evaluation: float
    episode: Episode


@dataclass(slots=True)
class ReplayBuffer:
    """Episodes by task. Values only: `load` and `save` keep it on disk."""

    rule: ReplayRule = field(default_factory=ReplayRule)
    kept: dict[str, list[Kept]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(listed) for listed in self.kept.values())

    def add(self, episodes: Iterable[Episode]) -> int:
        """Keep those that are good enough; return how many."""
        count = 0
        for episode in episodes if self.rule.enabled else ():
            evaluation = evaluation_of(episode)
            if evaluation > self.rule.store_above and not episode.extra.get("replayed"):
                listed = self.kept.setdefault(episode.task, [])
                listed.append(Kept(episode.task, evaluation, episode))
                del listed[: -self.rule.per_task]
                count += 1
        return count

    def inject(self, group: Group, rng: random.Random) -> Group:
        """Return the group, in place of whose first episode stands an earlier success if needed.

        It is needed when all failed: their evaluations have a small mean and hardly differ. The
        size of the group stays. What is injected is marked in ``extra["replayed"]``.
        """
        listed = self.kept.get(group.task, [])
        if not self.rule.enabled or not listed or not all_failed(group.evaluations, self.rule):
            return group
        chosen = rng.choice(listed).episode
        marked = _copy(chosen)
        marked.extra["replayed"] = True
        return Group(group.task, (marked, *group.episodes[1:]))

    def step(self, groups: Sequence[Group], rng: random.Random) -> list[Group]:
        """Inject into each group where needed, then keep the fresh episodes; return the groups."""
        injected = [self.inject(group, rng) for group in groups]
        for group in groups:
            self.add(group.episodes)
        return injected

    def save(self, path: Path) -> None:
        """Write the buffer, one episode a line; a reader sees the old file or the new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.new")
        with beside.open("w", encoding="utf-8") as file:
            for listed in self.kept.values():
                for one in listed:
                    told = {"evaluation": one.evaluation, "episode": asdict(one.episode)}
                    file.write(json.dumps(told) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    @classmethod
    def load(cls, path: Path, rule: ReplayRule | None = None) -> ReplayBuffer:
        """Return the buffer of a file; an empty one when there is no such file.

        Raises:
            TracegraphError: a line of the file is broken.
        """
        buffer = cls(rule or ReplayRule())
        if not path.exists():
            return buffer
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                told = json.loads(line)
                episode = _episode(told["episode"])
                one = Kept(episode.task, float(told["evaluation"]), episode)
            except (ValueError, KeyError, TypeError) as error:
                raise TracegraphError(
                    f"{path}, line {number} is no kept episode: {error}"
                ) from error
            buffer.kept.setdefault(one.task, []).append(one)
        for listed in buffer.kept.values():
            del listed[: -buffer.rule.per_task]
        return buffer


def all_failed(evaluations: Sequence[float], rule: ReplayRule) -> bool:
    """Return whether a group's evaluations hardly differ and are small (unbiased deviation)."""
    if not evaluations:
        return False
    spread = statistics.stdev(evaluations) if len(evaluations) > 1 else 0.0
    return spread < rule.std_below and statistics.fmean(evaluations) < rule.mean_below


def _episode(told: dict[str, Any]) -> Episode:
    return Episode(**{**told, "turns": [Turn(**turn) for turn in told["turns"]]})


def _copy(episode: Episode) -> Episode:
    return _episode(json.loads(json.dumps(asdict(episode))))

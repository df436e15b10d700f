"""What is to be done: one episode each, under a key that makes it count once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tracegraph.agents import Episode


@dataclass(frozen=True, slots=True)
class Work:
    """One episode to run. ``key`` names it within the run: one that is stored is not run again.

    Samples of one ``group`` are compared with each other; ``sample`` is the number in it.
    """

    key: str
    task: Any
    seed: int = 0
    group: str = ""
    sample: int = 0


# Runs one episode; raises EnvError or EvalError for faults of the machine.
RunEpisode = Callable[[Work], Awaitable[Episode]]


def spread(
    tasks: Iterable[tuple[str, Any]], samples: int = 1, *, policy: str = "", seed: int = 0
) -> Iterator[Work]:
    """Return ``samples`` pieces of work for each task, with the keys that make them count once.

    Together with the run, a key is (task, sample, policy version): a changed prompt or changed
    weights make new episodes, and whatever runs twice besides is counted once.

    Args:
        tasks: each with its id.
        samples: episodes of one task.
        policy: the version of what behaves, from `policy_id`.
        seed: of the first sample; each further one has the next.
    """
    suffix = f"@{policy}" if policy else ""
    for name, task in tasks:
        for sample in range(samples):
            yield Work(f"{name}#{sample}{suffix}", task, seed + sample, f"{name}{suffix}", sample)


def policy_id(policy: Mapping[str, str]) -> str:
    """Return a short hash of all that behaves: model, adapter, prompts, code."""
    text = json.dumps(dict(policy), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]

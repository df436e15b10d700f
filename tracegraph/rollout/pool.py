"""The pool on one machine: asyncio, bounded concurrency, resume by key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from tracegraph.agents import Episode, OnEvent
from tracegraph.envs import RETRIED, EnvError, EvalError, Outcome
from tracegraph.models import BudgetExceeded, ModelTimeout, RequestError, ServerError
from tracegraph.rollout.engine import Engine, Here
from tracegraph.rollout.segments import Segments
from tracegraph.rollout.work import RunEpisode, Work
from tracegraph.runs import Store, StoredEpisode, add_episode, find_episodes, list_episodes


async def rollout(
    work: Iterable[Work],
    episode: RunEpisode,
    *,
    store: Store,
    run: str,
    concurrency: int = 4,
    attempts: int = 3,
    timeout: float | None = None,
    on_event: OnEvent | None = None,
    engine: Engine | None = None,
    segments: Segments | None = None,
) -> list[Episode]:
    """Run episodes and store each as it ends; return all of the run, in the order of ``work``.

    Those that are stored already come from the store. Faults of environments are tried again up
    to ``attempts`` times; what fails to the last is stored with its outcome under a key of its
    own, so that a resumed run tries again. A used-up budget ends the rollout: what was done is
    stored and returned.

    Args:
        work: what to do.
        episode: runs one; raises EnvError or EvalError for faults of the machine. A model that
            cannot be reached counts as one.
        store: where episodes go.
        run: the id of the run that they belong to.
        concurrency: episodes at a time.
        attempts: how often an episode is begun at most.
        timeout: seconds for one attempt; a longer one is a fault of the environment.
        on_event: told "episode", with the key, the episode and whether it was known, "retry",
            and "budget".
        engine: where attempts run; None for this process.
        segments: also gets each episode, for readers of files.
    """
    where = engine or Here()
    tell = on_event or (lambda kind, told: None)
    wanted = list(work)
    known = find_episodes(store, run, (item.key for item in wanted))
    if segments is not None:
        for row in segments.missing(list_episodes(store, run)):
            segments.append(row)
    done: dict[str, Episode] = {}
    queue = iter([item for item in wanted if item.key not in known])
    for item in wanted:
        if item.key in known:
            done[item.key] = Episode.from_stored(known[item.key])
            tell("episode", {"key": item.key, "episode": done[item.key], "known": True})

    async def worker() -> None:
        for item in queue:
            finished = await _attempts(item, where, episode, attempts, timeout, tell)
            finished.finished = time.time()
            key = item.key
            if finished.outcome in RETRIED:
                key = f"{item.key}!{finished.finished:.6f}"
            row = _row(finished, run, key, item)
            if not await add_episode(store, row):
                # Another process was quicker with the same work: what is stored counts.
                finished = _stored(store, run, row)
            elif segments is not None:
                segments.append(row)
            done[item.key] = finished
            tell("episode", {"key": item.key, "episode": finished, "known": False})

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(worker())
    except* BudgetExceeded as used_up:
        tell("budget", {"why": str(used_up.exceptions[0])})
    return [done[item.key] for item in wanted if item.key in done]


async def _attempts(
    item: Work,
    engine: Engine,
    episode: RunEpisode,
    attempts: int,
    timeout: float | None,
    tell: OnEvent,
) -> Episode:
    started = time.time()
    for attempt in range(1, attempts + 1):
        outcome: Outcome = "env_error"
        try:
            async with asyncio.timeout(timeout):
                return await engine.run(episode, item)
        except EvalError as error:
            outcome, why = "eval_error", str(error)
        except (EnvError, RequestError, ModelTimeout, ServerError) as error:
            why = str(error)
        except TimeoutError:
            why = f"it took longer than {timeout} s"
        tell("retry", {"key": item.key, "attempt": attempt, "of": attempts, "why": why})
    task = str(getattr(item.task, "id", item.key))
    return Episode(
        "", "", task, outcome, item.seed, error=f"{why} ({attempts} attempts)", started=started
    )


def _row(finished: Episode, run: str, key: str, item: Work) -> StoredEpisode:
    if item.group:
        finished.group, finished.sample = item.group, item.sample
    row = finished.to_stored(run, key)
    row.seed = item.seed
    return row


def _stored(store: Store, run: str, row: StoredEpisode) -> Episode:
    return Episode.from_stored(find_episodes(store, run, [row.key])[row.key])

"""The scheduler with a thousand simulated workers that fail, against a real run store.

    python -m benchmarks.scale [--workers 1000] [--episodes 10000]

Workers are not machines: each episode waits for the time that a real one would take, shortened.
What is real is the pool, its retries and deadlines, the run store on the disk, and the segments.
The run is ended in the middle and resumed, and every episode has to be counted once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tracegraph.agents import Episode, Turn
from tracegraph.envs import EnvError
from tracegraph.rollout import Segments, Work, read_segments, rollout, spread
from tracegraph.runs import Run, Store, list_episodes, start_run

# What happens to an attempt, by chance.
DIES, HANGS, LOST_ANSWER = 0.03, 0.005, 0.01
MEAN = 8.0  # seconds of an episode, as it is simulated
DEADLINE = 40.0
TURNS, TOKENS = 4, 100


class FakeCluster:
    """Runs attempts that die, hang, or end without telling; counts what it ran."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.began: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    async def run(self, episode: Any, item: Work) -> Episode:
        self.began[item.key] += 1
        lot = self.random.random()
        if lot < HANGS:
            await asyncio.sleep(1e6)
        await asyncio.sleep(min(self.random.expovariate(1 / MEAN), 3 * MEAN))
        if lot < HANGS + DIES:
            raise EnvError("the machine died")
        self.ended[item.key] += 1
        if lot < HANGS + DIES + LOST_ANSWER:
            raise EnvError("the machine died after the episode")
        found: Episode = await episode(item)
        return found


async def an_episode(item: Work) -> Episode:
    ids = list(range(TOKENS))
    logprobs = [-0.123456789 * (i % 7) for i in ids]
    turns = [
        Turn([{"role": "user", "content": "what next?"}], "click(10, 20)",
             prompt_token_ids=ids, token_ids=ids, logprobs=logprobs)
        for _ in range(TURNS)
    ]  # fmt: skip
    return Episode("agent", "env", item.key, "success", item.seed, turns, reward=1.0)


async def simulate(workers: int, episodes: int, folder: Path) -> dict[str, Any]:
    work = list(spread(((f"t{i}", i) for i in range(episodes // 8)), 8, policy="v1"))
    cluster = FakeCluster(0)
    run = Run("rollout")
    told: Counter[str] = Counter()
    wall, cpu = time.perf_counter(), time.process_time()
    with Store(folder / "runs.db") as store:
        await start_run(store, run)
        segments = Segments(folder / "segments")

        async def go(items: list[Work]) -> None:
            await rollout(
                items, an_episode, store=store, run=run.id, concurrency=workers, attempts=4,
                timeout=DEADLINE, engine=cluster, segments=segments,
                on_event=lambda kind, what: told.update([kind]),
            )  # fmt: skip

        # The driver is lost when two fifths are done, and started again.
        first = asyncio.create_task(go(work))
        while told["episode"] < 0.4 * len(work):
            await asyncio.sleep(0.05)
        first.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await first
        done_before = len(list_episodes(store, run.id))
        told.clear()
        await go(work)
        rows = list_episodes(store, run.id)
    counted = Counter(row.key for row in rows if row.outcome == "success")
    written = Counter(row.key for row in read_segments(folder / "segments"))
    return {
        "workers": workers, "episodes": len(work), "before the driver was lost": done_before,
        "begun": cluster.began.total(), "ended": cluster.ended.total(),
        "ended twice or more": sum(n > 1 for n in cluster.ended.values()),
        "counted": counted.total(), "counted once": sum(n == 1 for n in counted.values()),
        "in segments": written.total(), "given up": len(rows) - counted.total(),
        "seconds": round(time.perf_counter() - wall, 1),
        "CPU seconds": round(time.process_time() - cpu, 1),
        "MB in the store": round((folder / "runs.db").stat().st_size / 1e6, 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--episodes", type=int, default=8000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(simulate(options.workers, options.episodes, Path(folder)))
    told["CPU ms an episode"] = round(1000 * told["CPU seconds"] / told["episodes"], 2)
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()

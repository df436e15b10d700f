"""Play episodes on a Ray cluster: here one of two workers on this machine.

Run it: python cookbook/17_ray.py [--address auto]

On a real cluster: `ray start --head` on one machine, `ray start --address=HEAD:6379` on others,
then this script with --address auto. Needs: pip install 'tracegraph[ray]'
"""

import argparse
import asyncio
import os
import tempfile
from collections import Counter
from pathlib import Path

from tracegraph.agents import Episode
from tracegraph.rollout import OnRay, rollout, spread
from tracegraph.runs import Run, Store, start_run


async def episode(work):
    """Play one: an agent that guesses, and says where it ran."""
    await asyncio.sleep(0.05)
    won = work.seed % 2 == 0
    outcome = "success" if won else "failure"
    return Episode(
        "guesser", "coin", work.key, outcome, work.seed, reward=float(won), answer=str(os.getpid())
    )


def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--address", default="", help="of a cluster; else one of two workers here")
    address = options.parse_args(arguments).address

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    here = {"num_cpus": 2, "include_dashboard": False}
    ray.init(**({"address": address} if address else here), log_to_driver=False)
    try:
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "runs.db") as store:
            run = Run("rollout")
            start_run(store, run).result()
            work = list(spread([(f"task {n}", n) for n in range(6)], 2))
            done = asyncio.run(
                rollout(work, episode, store=store, run=run.id, engine=OnRay(cpus=1), concurrency=4)
            )
    finally:
        ray.shutdown()
    workers = Counter(each.answer for each in done)
    print(f"{len(done)} episodes, each counted once, on {len(workers)} worker processes")
    print(f"mean reward {sum(each.reward for each in done) / len(done):.2f}")


if __name__ == "__main__":
    main()

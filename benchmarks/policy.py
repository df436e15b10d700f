"""What the reference trainer learns: greedy accuracy on held-out problems, before and after.

    python -m benchmarks.policy [--model smollm2] [--steps 40] [--seeds 0 1] [--out DIR]

A folder that holds a finished training is read, one that was cut off is gone on with.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

# The learning rate of each task: the sums collapse at the larger one.
RATES = {"tools": 5e-4, "sums": 2e-4}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--tasks", nargs="+", default=list(RATES), choices=RATES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/policy"))
    options = parser.parse_args()
    import torch

    from tracegraph.policy.trainer.log import read
    from tracegraph.policy.trainer.model import load_learner
    from tracegraph.policy.trainer.settings import Settings
    from tracegraph.policy.trainer.tasks import find_task
    from tracegraph.policy.trainer.train import train

    torch.set_num_threads(options.threads)
    print("| task | seed | held-out problems | before | after | steps | CPU s | wall s |")
    print("|---|---|---|---|---|---|---|---|")
    for name in options.tasks:
        for seed in options.seeds:
            task = find_task(name)
            settings = Settings(steps=options.steps, seed=seed, rate=RATES[name])
            out = options.out / f"{name}-{seed}"
            cpu = time.process_time()
            learner = load_learner(options.model, rank=settings.rank, seed=seed)
            trained = train(learner, task, settings, out, resume=True)
            wall = sum(line.get("seconds", 0.0) for line in read(out / "log.jsonl"))
            print(
                f"| {name} | {seed} | {len(task.held_out)} | {trained.before:.3f} | "
                f"{trained.after:.3f} | {trained.steps} ({trained.stopped}) | "
                f"{time.process_time() - cpu:.0f} | {wall:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

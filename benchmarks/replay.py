"""Replay on and off in a real environment: the notebook task, curves and a table.

    python -m benchmarks.replay [--steps 25] [--seeds 0] [--modes off on corrected] [--out DIR]

A folder that holds a finished training is read, one that was cut off is gone on with. Writes
``curves.json`` and ``curves.html`` beside the trainings.
"""

from __future__ import annotations

import argparse
import html
import json
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--modes", nargs="+", default=["off", "on", "corrected"])
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/replay"))
    options = parser.parse_args()
    import torch

    from tracegraph.policy.trainer.curve import draw_curve
    from tracegraph.policy.trainer.log import read
    from tracegraph.policy.trainer.model import load_learner
    from tracegraph.policy.trainer.settings import Settings
    from tracegraph.policy.trainer.tasks import find_task
    from tracegraph.policy.trainer.train import train

    torch.set_num_threads(options.threads)
    curves: dict[str, list[dict[str, Any]]] = {}
    page = ["<!doctype html><meta charset=utf-8><title>Replay on and off</title>"]
    print("| replay | seed | before | after | steps | replayed | groups that failed | wall s |")
    print("|---|---|---|---|---|---|---|---|")
    for seed in options.seeds:
        for mode in options.modes:
            settings = Settings(
                steps=options.steps, seed=seed, rate=options.rate, rounds=1, replay=mode
            )
            out = options.out / f"{mode}-{seed}"
            learner = load_learner(options.model, rank=settings.rank, seed=seed)
            trained = train(learner, find_task("notebook"), settings, out, resume=True)
            lines = read(out / "log.jsonl")
            steps = [line for line in lines if line["event"] == "step"]
            curves[f"{mode}, seed {seed}"] = lines
            title = f"replay {mode}, seed {seed}"
            page.append(f"<h2>{html.escape(title)}</h2>" + draw_curve(out / "log.jsonl", title))
            drawn = sum(line["drawn"] for line in steps)
            print(
                f"| {mode} | {seed} | {trained.before:.3f} | {trained.after:.3f} | "
                f"{trained.steps} ({trained.stopped}) | "
                f"{sum(line.get('replayed', 0) for line in steps):g} | "
                f"{sum(line['all_failed'] for line in steps)} of {drawn} | "
                f"{sum(line['seconds'] for line in steps):.0f} |",
                flush=True,
            )
            (options.out / "curves.json").write_text(json.dumps(curves, indent=1) + "\n")
            (options.out / "curves.html").write_text("\n".join(page))


if __name__ == "__main__":
    main()

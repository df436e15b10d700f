"""`tracegraph eval policy`: a trained adapter beside its base, on held-out problems."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any, cast

import typer


def policy(
    folder: Annotated[Path, typer.Argument(help="The folder of a training.")],
    model: Annotated[str, typer.Option("--model", help="What was trained.")] = "smollm2",
    sampler: Annotated[
        str, typer.Option("--sampler", help="in-process, or vllm: by running servers.")
    ] = "in-process",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure the best adapter of a training beside its base: greedy, on held-out problems.

    With --sampler vllm the servers of the model answer both; start them with
    `tracegraph serve smollm2 --loras`. The adapter is loaded for the time of the measurement.

    Example: tracegraph eval policy runs/tools --sampler vllm
    """
    from tracegraph.errors import TracegraphError
    from tracegraph.policy.trainer.model import load_learner
    from tracegraph.policy.trainer.settings import Settings
    from tracegraph.policy.trainer.tasks import find_task
    from tracegraph.policy.trainer.train import held_out

    if sampler not in ("in-process", "vllm"):
        raise typer.BadParameter("it is in-process or vllm", param_hint="--sampler")
    plan = folder / "settings.json"
    if not plan.exists() or not (folder / "best").exists():
        raise TracegraphError(f"{folder} holds no training: give the --out of one")
    known = json.loads(plan.read_text())
    settings = Settings(sampler=cast(Any, sampler), served=Path(model).name)
    task = find_task(known["task"])
    learner = load_learner(model, rank=known["rank"], seed=known["seed"])
    with tempfile.TemporaryDirectory(prefix="tracegraph-adapter-") as scratch:
        before, after = held_out(learner, task, settings, folder / "best", Path(scratch))
    told = {"task": task.name, "problems": len(task.held_out), "sampler": sampler,
            "base": before, "adapter": after}  # fmt: skip
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(
        f"{task.name}, {len(task.held_out)} held-out problems, greedy, {sampler}: "
        f"base {before:.3f}, adapter {after:.3f}"
    )

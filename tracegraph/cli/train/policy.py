"""`tracegraph train policy`: a small model learns a small task, on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from tracegraph.cli.arguments import StorePath


def policy(
    task: Annotated[str, typer.Option("--task", help="tools (choose a call), sums, or notebook.")],
    out: Annotated[Path, typer.Option("--out", help="The folder of the training.")],
    model: Annotated[
        str, typer.Option("--model", help="smollm2, a folder in transformers' form, or tiny.")
    ] = "smollm2",
    steps: Annotated[int, typer.Option("--steps", help="Steps at most.")] = 60,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 0,
    rate: Annotated[float, typer.Option("--rate", help="The learning rate.")] = 2e-4,
    replay: Annotated[
        str, typer.Option("--replay", help="Of earlier successes (ARPO): off, on or corrected.")
    ] = "off",
    sampler: Annotated[
        str, typer.Option("--sampler", help="in-process, or vllm: a server with each adapter.")
    ] = "in-process",
    rounds: Annotated[
        int, typer.Option("--rounds", help="Draws a step at most, until enough groups vary.")
    ] = 2,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what is in --out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    store: StorePath = None,
) -> None:
    """Train a LoRA adapter on a small task, on this machine.

    The folder holds the log, checkpoints, the best adapter, and curve.svg. After a kill, the same
    command with --resume goes on to the same weights. `tracegraph serve smollm2` can serve the
    adapter. `tracegraph view` draws its curves while it goes on.

    With --task notebook an episode has two turns: a cell, which runs in a kernel in the sandbox,
    and an answer. --replay on gives a group in which everything failed an earlier success.

    Example: tracegraph train policy --task tools --rate 5e-4 --seed 0 --out runs/tools
    """
    from tracegraph.cli.train.recorded import recorded
    from tracegraph.policy.trainer.curve import draw_curve
    from tracegraph.policy.trainer.model import load_learner
    from tracegraph.policy.trainer.settings import Settings
    from tracegraph.policy.trainer.tasks import find_task
    from tracegraph.policy.trainer.train import train

    wanted = find_task(task)
    for name, given, known in (
        ("--replay", replay, ("off", "on", "corrected")),
        ("--sampler", sampler, ("in-process", "vllm")),
    ):
        if given not in known:
            raise typer.BadParameter(f"it is one of {', '.join(known)}", param_hint=name)
    settings = Settings(
        steps=steps, seed=seed, rate=rate, rounds=rounds,
        replay=cast(Any, replay), sampler=cast(Any, sampler), served=Path(model).name,
    )  # fmt: skip
    learner = load_learner(model, rank=settings.rank, seed=seed)
    shown = _Json() if as_json else _Bar(steps) if sys.stdout.isatty() else _Lines(steps)
    config = {"task": task, "model": model, "settings": settings.to_json()}
    with recorded(store, "train policy", out, config, resume=resume) as run, shown:
        trained = train(learner, wanted, settings, out, resume=resume, on_step=shown.tell)
        run.summary = {"before": trained.before, "after": trained.after, "steps": trained.steps,
                       "stopped": trained.stopped}  # fmt: skip
    (out / "curve.svg").write_text(draw_curve(out / "log.jsonl", f"{task}, {model}, seed {seed}"))
    if as_json:
        return
    typer.echo(
        f"held-out accuracy, greedy: {trained.before:.3f} before, {trained.after:.3f} after "
        f"{trained.steps} steps ({trained.stopped})"
    )
    typer.echo(f"adapter: {trained.adapter}   curve: {out / 'curve.svg'}")


def _describe(kind: str, told: dict[str, Any], steps: int) -> str:
    if kind == "step":
        text = f"{told['step']}/{steps} reward {told['reward']:.3f}"
        if "loss" in told:
            text += (
                f"  loss {told['loss']:+.4f}  entropy {told['entropy']:.3f}"
                f"  mismatch {told['mismatch']:.4f}  clipped {told['clipped']:.3f}"
            )
        if told["kept"]:
            text += f"  replayed {told['replayed']}"
        return f"{text}  same {told['zero_variance']:g}/{told['drawn']}  {told['seconds']:.1f} s"
    if kind == "evaluation":
        held = f", held out {told['held_out']:.3f}" if "held_out" in told else ""
        return f"greedy accuracy after {told['step']} steps: check {told['check']:.3f}{held}"
    return ""


class _Json:
    """One JSON object a line."""

    def tell(self, kind: str, told: dict[str, Any]) -> None:
        """Print what happened."""
        print(json.dumps({"event": kind, **told}), flush=True)

    def __enter__(self) -> _Json:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Lines:
    """A line a step."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def tell(self, kind: str, told: dict[str, Any]) -> None:
        """Print what happened."""
        if line := _describe(kind, told, self._steps):
            print(line, flush=True)

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Bar:
    """A bar with the last step, evaluations above it."""

    def __init__(self, steps: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._steps = steps
        self._progress = Progress(
            BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn()
        )
        self._task = self._progress.add_task("reading the model", total=steps)

    def tell(self, kind: str, told: dict[str, Any]) -> None:
        """Show what happened."""
        line = _describe(kind, told, self._steps)
        if kind == "step":
            self._progress.update(self._task, completed=told["step"], description=line)
        elif line:
            self._progress.console.print(line, highlight=False, markup=False)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

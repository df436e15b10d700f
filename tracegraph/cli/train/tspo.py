"""`tracegraph train tspo`: train the head that chooses frames, from pixels, on a processor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath


def tspo(
    folder: Annotated[
        Path, typer.Option("--out", "--folder", help="Where the training goes, and goes on from.")
    ] = Path(".tracegraph/tspo"),
    data: Annotated[
        Path, typer.Option("--data", help="Where rendered clips and features are kept.")
    ] = Path(".tracegraph/needles"),
    encoder: Annotated[
        str, typer.Option("--encoder", help="handmade, clip SOURCE, siglip SOURCE, open_clip N W.")
    ] = "handmade",
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of the optimizer.")] = 600,
    seed: Annotated[int, typer.Option("--seed", help="Of weights, questions and draws.")] = 0,
    frames: Annotated[int, typer.Option("-k", "--frames", min=1, help="Frames to choose.")] = 8,
    group: Annotated[int, typer.Option("--group", min=2, help="Rollouts a question.")] = 8,
    questions: Annotated[int, typer.Option("--questions", min=1, help="A step.")] = 16,
    law: Annotated[
        str, typer.Option("--law", help="mean_softmax, product or plackett_luce.")
    ] = "mean_softmax",
    answer: Annotated[float, typer.Option("--answer", help="Weight of R_A.")] = 1.0,
    comprehensive: Annotated[
        float,
        typer.Option(
            "--comprehensive", min=0, max=1, help="Share of questions about the whole video."
        ),
    ] = 0.0,
    temporal: Annotated[float, typer.Option("--temporal", help="Weight of R_T.")] = 1.0,
    clips: Annotated[int, typer.Option("--clips", min=2, help="Clips of 10 s a video.")] = 24,
    each: Annotated[int, typer.Option("--each", min=4, help="Training clips an event.")] = 12,
    threads: Annotated[int, typer.Option("--threads", help="Of torch; 0: its own choice.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")] = False,
    store: StorePath = None,
) -> None:
    """Train TSPO's temporal head on rendered needle videos.

    The videos are rendered, encoded as H.264, decoded and encoded into features; the answers are
    those of a detector that looks at the chosen frames. Started again with the same settings, a
    training goes on where it was saved. `tracegraph view` draws its curves while it goes on.

    Example: tracegraph train tspo --steps 200 --out .tracegraph/tspo
    """
    from tracegraph.errors import MissingExtraError

    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("video-torch", "torch") from error
    from tracegraph.agents.tspo.curve import write_page
    from tracegraph.agents.tspo.data import synthetic_splits
    from tracegraph.agents.tspo.encoders import make_encoder
    from tracegraph.agents.tspo.laws import as_law
    from tracegraph.agents.tspo.settings import TrainSettings
    from tracegraph.agents.tspo.train import Training, compare
    from tracegraph.cli.train.recorded import recorded
    from tracegraph.runs import note

    if threads:
        torch.set_num_threads(threads)
    settings = TrainSettings(
        steps=steps, questions=questions, group=group, frames=frames, law=as_law(law),
        comprehensive=comprehensive,
        answer_weight=answer, temporal_weight=temporal, seed=seed,
    )  # fmt: skip
    if not quiet:
        typer.echo("rendering, decoding and encoding clips (what is there is used again)")
    splits = synthetic_splits(data, make_encoder(encoder), clips=clips, each=each)

    def tell(line: dict[str, Any]) -> None:
        note("training evaluation" if "held_out" in line else "training step", line)
        if not quiet and (said := _line(line)):
            typer.echo(said)

    with recorded(store, "train tspo", folder, settings.told(), resume=True) as run:
        training = Training(folder, splits, settings, tell)
        note("training begun", {"step": training.step, "steps": steps})
        if training.step and not quiet:
            typer.echo(f"going on after step {training.step}")
        log = training.run()
        run.summary = {"steps": training.step}
    names = ["uniform", "topk", "bin_max", "aks", "tspo", "tspo_bin_max", "tspo_aks"]
    compared = compare(splits, training.head, names, 96, frames)
    page = write_page(folder, log, compared, settings.told())
    typer.echo(f"{'held out':<8} {'selector':<13} precision  recall  passages  answers  seen")
    for part, rows in compared.items():
        for name, found in rows.items():
            typer.echo(
                f"{part:<8} {name:<13} {found.precision:9.3f} {found.recall:7.3f} "
                f"{found.span_recall:9.3f} {found.accuracy:8.3f} {found.seen:5.2f}"
            )
    typer.echo(f"{training.seconds:.0f} s of training; head {folder / 'head.safetensors'}, {page}")


def _line(line: dict[str, Any]) -> str:
    if "held_out" in line:
        return (
            f"step {line['step']}, held-out {line['held_out']}: precision {line['precision']:.3f}, "
            f"answers right {line['accuracy']:.3f}"
        )
    if line["step"] % 25:
        return ""
    flat = line["zero_variance"]
    said = f"step {line['step']}: reward {line['reward']:.3f}, answer {line['answer']:.2f}, "
    said += f"in target {line['temporal']:.2f}, {line['seconds']:.0f} s"
    return said + (f"; {flat:.0%} of groups without variance taught nothing" if flat else "")

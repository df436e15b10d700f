"""`tracegraph eval video`: selectors side by side, on needles or on published benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath
from tracegraph.cli.episodes import AsJson, BudgetText, Concurrency, Fresh, Quiet, Resume

if TYPE_CHECKING:
    from tracegraph.agents import Episode
    from tracegraph.envs.video import VideoTask


def video(
    what: Annotated[
        str, typer.Option("--set", help="needle, videomme, mlvu or longvideobench.")
    ] = "needle",
    path: Annotated[
        Path | None,
        typer.Option("--data", "--path", help="The benchmark's folder; for needles, ours."),
    ] = None,
    clips: Annotated[
        Path | None, typer.Option("--clips", help="Needles from your videos: clips as JSON lines.")
    ] = None,
    length: Annotated[int, typer.Option("--length", min=2, help="Clips of a needle video.")] = 24,
    selectors: Annotated[
        str, typer.Option("--selectors", help="By name, with commas; all that can run by default.")
    ] = "",
    model: Annotated[
        str, typer.Option("--model", help="A vision model; 'detector' for needles; 'none'.")
    ] = "detector",
    encoder: Annotated[
        str, typer.Option("--encoder", help="handmade, clip SOURCE, siglip SOURCE, open_clip N W.")
    ] = "",
    head: Annotated[Path | None, typer.Option("--head", help="Trained weights.")] = None,
    frames: Annotated[int, typer.Option("-k", "--frames", min=1, help="Frames to choose.")] = 8,
    step: Annotated[float, typer.Option("--step", help="Seconds between candidates.")] = 1.0,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Questions at most.")] = 24,
    seed: Annotated[int, typer.Option("--seed", help="Of needles, and of selectors.")] = 0,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write the chosen frames' times as JSON.")
    ] = None,
    store: StorePath = None,
    resume: Resume = "",
    concurrency: Concurrency = 2,
    budget: BudgetText = "",
    fresh: Fresh = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure selectors of frames: what they hit, what is answered, what it costs.

    Needles are rendered events spliced into long files; the detector that answers about them
    looks at the chosen frames and is no language model.

    Example: tracegraph eval video --head .tracegraph/tspo/head.safetensors
    """
    import json

    from tracegraph.agents.tspo.agent import TspoAgent
    from tracegraph.agents.tspo.encoders import make_encoder
    from tracegraph.agents.tspo.selectors import NAMES, load, make_selector
    from tracegraph.cli.episodes import run_episodes
    from tracegraph.cli.run.answerers import make_answerer
    from tracegraph.rollout import Work

    weights, trained_for = load(head) if head is not None else (None, "")
    names = [name.strip() for name in selectors.split(",") if name.strip()] or [
        name for name in NAMES if head is not None or not name.startswith("tspo")
    ]
    folder = path or Path(".tracegraph/needles")
    tasks = _needles(folder, limit, seed, clips, length) if what == "needle" else []
    tasks = tasks or _published(what, path)[:limit]
    agent = TspoAgent(
        make_encoder(encoder or trained_for or "handmade"),
        [make_selector(name, weights) for name in names],
        make_answerer(model, None),
        frames=frames,
        step_s=step,
        cache=folder / "features" if what == "needle" else Path(".tracegraph/features"),
    )

    async def episode(work: Work) -> Episode:
        name, task = work.task
        return await _with_selector(agent, name, task, work.seed)

    work = [Work(f"{name}/{task.id}", (name, task), seed) for task in tasks for name in names]
    config = {
        "set": what, "selectors": names, "model": model, "encoder": agent.encoder.id,
        "head": str(head or ""), "frames": frames, "step": step, "limit": limit, "seed": seed,
        "clips": str(clips or ""), "length": length,
    }  # fmt: skip
    _, episodes = run_episodes(
        "eval video", work, episode, config=config, store=store, resume=resume,
        concurrency=concurrency, budget=budget, fresh=fresh, as_json=as_json, quiet=quiet,
    )  # fmt: skip
    by_name: dict[str, list[Episode]] = {name: [] for name in names}
    for item in episodes:
        if item.turns:
            by_name[item.turns[0].action["select"]].append(item)
    if export is not None:
        chosen = [
            {"task": item.task, "selector": name, "times": item.turns[0].observation["times"]}
            for name, items in by_name.items()
            for item in items
        ]
        export.write_text(json.dumps(chosen, indent=1))
    for line in _table(by_name, as_json=as_json):
        typer.echo(line)


async def _with_selector(agent: Any, name: str, task: VideoTask, seed: int) -> Episode:
    import tracegraph as tg

    # The selector is a parameter: each episode runs with its own value of it.
    with tg.record(values={agent.selector: name}):
        done: Episode = await agent.run(task, seed=seed)
    return done


def _published(what: str, folder: Path | None) -> list[VideoTask]:
    from tracegraph.envs.video.benchmarks.questions import LOADERS
    from tracegraph.errors import TracegraphError

    if what not in LOADERS:
        raise TracegraphError(f"there is no set {what!r}: use needle, {', '.join(LOADERS)}")
    if folder is None:
        raise TracegraphError(f"--set {what} needs --data: the folder with its questions")
    if not (found := LOADERS[what](folder)):
        raise TracegraphError(f"{folder} holds no questions of {what}")
    return found


def _needles(
    folder: Path, limit: int, seed: int, listed: Path | None, length: int
) -> list[VideoTask]:
    import hashlib
    from dataclasses import replace

    from tracegraph.envs.video import Haystacks
    from tracegraph.envs.video.clips import load_clips
    from tracegraph.envs.video.events import split_labels
    from tracegraph.envs.video.synthetic import render_clips, splice

    if listed is not None:
        targets, clips = load_clips(listed)
    else:
        asked, kept = split_labels(6)
        # Clips that no training has seen: those of a training are rendered with another seed.
        clips = render_clips(folder / "measured", asked + kept, each=4, seed=1)
        clips.sort(key=lambda clip: (Path(clip.path).stem.rpartition("-")[2], clip.label))
        targets = clips
    haystacks = Haystacks(targets, clips, length)
    height = 72 if listed is None else 360
    tasks = []
    for number in range(limit):
        task = haystacks.build(number, seed)
        # The name holds what the video is made of: other clips make another file.
        made = hashlib.sha256(repr(task.clips).encode()).hexdigest()[:12]
        file = folder / "measured" / f"{task.id}-{made}.mp4"
        file.parent.mkdir(parents=True, exist_ok=True)
        done = file.exists()
        tasks.append(replace(task, video=str(file)) if done else splice(task, file, height=height))
    return tasks


def _table(by_name: dict[str, list[Episode]], *, as_json: bool) -> list[str]:
    import json

    lines = []
    if not as_json:
        lines.append(
            f"{'selector':<13} {'n':>4} precision  recall  passages  answers  seconds  tokens"
        )
    for name, items in by_name.items():
        if not items:
            continue

        def mean(part: str, items: list[Episode] = items) -> float:
            found = [item.rewards[part] for item in items if part in item.rewards]
            return sum(found) / len(found) if found else float("nan")

        seconds = sum(sum(turn.seconds for turn in item.turns) for item in items) / len(items)
        tokens = sum(item.tokens for item in items) / len(items)
        row = {
            "selector": name, "questions": len(items), "precision": mean("precision"),
            "recall": mean("recall"), "span_recall": mean("span_recall"),
            "accuracy": mean("answer"), "seconds": seconds, "tokens": tokens,
        }  # fmt: skip
        lines.append(
            json.dumps(row)
            if as_json
            else f"{name:<13} {len(items):4} {row['precision']:9.3f} {row['recall']:7.3f} "
            f"{row['span_recall']:9.3f} {row['accuracy']:8.3f} {seconds:8.2f} {tokens:7.0f}"
        )
    return lines

"""`tracegraph run omni-r1`: find what words are about in a video, with masks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath


def omni_r1(
    video: Annotated[Path, typer.Argument(help="The video file.")],
    request: Annotated[str, typer.Argument(help="What to find.")],
    model: Annotated[str, typer.Option("--model", help="A vision model, the global system.")] = "",
    script: Annotated[
        Path | None, typer.Option("--script", help="A file with the global system's answer.")
    ] = None,
    detail: Annotated[
        str,
        typer.Option("--detail", help="colour, boxes, or 'sam2 SOURCE' (a folder or hub name)."),
    ] = "boxes",
    frames: Annotated[int, typer.Option("--frames", min=1, help="Frames at most.")] = 24,
    strict: Annotated[bool, typer.Option("--strict", help="Take the exact form only.")] = False,
    page: Annotated[Path | None, typer.Option("--page", help="Where the HTML page goes.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the example times in the prompt.")] = 0,
    store: StorePath = None,
) -> None:
    """Find what words are about: a global system chooses moments, a detail system finds it there.

    Example: tracegraph run omni-r1 street.mp4 "the dog that runs away" --model
    openai/gpt-4.1-mini --detail "sam2 facebook/sam2.1-hiera-large" --page found.html
    """
    import asyncio

    from tracegraph.agents.omni_r1.agent import OmniR1
    from tracegraph.agents.omni_r1.systems import GlobalSystem, ScriptedGlobal, VlmGlobal
    from tracegraph.envs.video.segments import FileSource, SegmentTask
    from tracegraph.models import LLM
    from tracegraph.runs import Store, add_episode, run_scope

    llm = LLM(model or None)
    overview: GlobalSystem = VlmGlobal(llm)
    if script is not None:
        overview = ScriptedGlobal({request: script.read_text(encoding="utf-8")})
    agent = OmniR1(overview, _detail(detail, llm), reader="strict" if strict else "lenient")
    task = SegmentTask(video.stem, FileSource(str(video), most=frames), request)
    told: dict[str, Any] = {}
    with Store(store) as opened, run_scope(opened, "run omni-r1", request[:80]) as run:
        episode = asyncio.run(
            agent.run(task, seed=seed, on_event=lambda kind, values: told.update(values))
        )
        if page is not None:
            episode.files["page"] = str(page)
        add_episode(opened, episode.to_stored(run.id, task.id)).result()
    for number, query in told["queries"].items():
        found = told["details"].boxes.get(number, ())
        time_s = told["frames"][number].ref.time_s
        typer.echo(f"{time_s:6.1f} s  {query}: {len(found)} found")
    if page is not None:
        _write(page, video.name, request, told, [agent.overview.name, agent.detail.name])
        typer.echo(str(page))
    if not told["queries"]:
        typer.echo(episode.feedback or "no moment could be read from the answer", err=True)
        raise typer.Exit(1)


def _detail(name: str, llm: Any) -> Any:
    from tracegraph import prompts
    from tracegraph.agents.omni_r1.colour import ColourDetails
    from tracegraph.agents.omni_r1.segmenters import BoxFill, Sam2Segmenter
    from tracegraph.agents.omni_r1.systems import GroundedDetails, VlmBoxes
    from tracegraph.errors import TracegraphError

    kind, _, source = name.partition(" ")
    if kind == "colour":
        return ColourDetails()
    if kind not in ("boxes", "sam2") or (kind == "sam2") != bool(source):
        raise TracegraphError(
            f"there is no detail system {name!r}: use colour, boxes, or 'sam2 SOURCE'"
        )
    boxes = VlmBoxes(llm, prompts.load("omni_r1/ground").body)
    segmenter = Sam2Segmenter(source) if source else BoxFill()
    return GroundedDetails(boxes, segmenter, llm.model)


def _write(page: Path, title: str, request: str, told: dict[str, Any], names: list[str]) -> None:
    import numpy as np

    from tracegraph.envs.video.clock import Span
    from tracegraph.envs.video.frame import Frame
    from tracegraph.envs.video.strip import Strip, write_strip

    frames, details = told["frames"], told["details"]
    painted = []
    for frame, mask in zip(frames, details.masks, strict=True):
        rgb = frame.rgb.astype(np.float32)
        rgb[mask] = 0.4 * rgb[mask] + 0.6 * np.array([255.0, 0.0, 200.0])
        painted.append(Frame(frame.ref, rgb.astype(np.uint8), frame.wanted_s))
    times = [frame.ref.time_s for frame in frames]
    moments = [Span(one.start, one.end) for one in told["reading"].moments]
    asked = "; ".join(
        f"{times[number]:.1f} s: {query}" for number, query in told["queries"].items()
    )
    write_strip(
        page,
        Strip(
            title, request, asked, times[-1] + (times[1] if len(times) > 1 else 1.0), painted,
            spans=moments, facts=[("Global system", names[0]), ("Detail system", names[1])],
        ),
    )  # fmt: skip

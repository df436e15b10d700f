"""`tracegraph run tspo`: answer a question about a long video from a few of its frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath


def tspo(
    video: Annotated[Path, typer.Argument(help="The video file.")],
    question: Annotated[str, typer.Argument(help="What to find out.")],
    option: Annotated[
        list[str] | None, typer.Option("--option", help="An answer to choose from; repeatable.")
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model", help="A vision model, or 'detector' for rendered events, or 'none'."
        ),
    ] = "none",
    encoder: Annotated[
        str, typer.Option("--encoder", help="handmade, clip SOURCE, siglip SOURCE, open_clip N W.")
    ] = "",
    selector: Annotated[
        str, typer.Option("--selector", help="Else tspo, or topk without --head.")
    ] = "",
    head: Annotated[Path | None, typer.Option("--head", help="Trained weights.")] = None,
    frames: Annotated[int, typer.Option("-k", "--frames", min=1, help="Frames to choose.")] = 8,
    step: Annotated[float, typer.Option("--step", help="Seconds between candidates.")] = 1.0,
    as_video: Annotated[
        bool, typer.Option("--as-video", help="Send the frames as one video (vLLM).")
    ] = False,
    page: Annotated[Path | None, typer.Option("--page", help="Where the HTML page goes.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of selectors that draw.")] = 0,
    store: StorePath = None,
    as_json: Annotated[bool, typer.Option("--json", help="The result as one JSON object.")] = False,
) -> None:
    """Choose the frames of a video that a question is about, and answer from them.

    Example: tracegraph run tspo talk.mp4 "What is on the last slide?" --model openai/gpt-4.1-mini
    --encoder "clip openai/clip-vit-large-patch14" --head TSPO-0.4B --page strip.html
    """
    import asyncio
    import json

    from tracegraph.agents.tspo.agent import TspoAgent
    from tracegraph.agents.tspo.encoders import make_encoder
    from tracegraph.agents.tspo.selectors import load, make_selector
    from tracegraph.cli.run.answerers import make_answerer
    from tracegraph.envs.video import VideoTask, clock
    from tracegraph.envs.video.strip import Strip, write_strip
    from tracegraph.runs import Store, add_episode, run_scope

    weights, trained_for = load(head) if head is not None else (None, "")
    seer = make_encoder(encoder or trained_for or "handmade")
    chooser = make_selector(selector or ("tspo" if weights is not None else "topk"), weights)
    answerer = make_answerer(model, video, as_video=as_video)
    agent = TspoAgent(seer, [chooser], answerer, frames=frames, step_s=step)
    task = VideoTask(video.stem, str(video), question, tuple(option or ()))
    told: dict[str, Any] = {}
    with Store(store) as opened, run_scope(opened, "run tspo", question[:80], model=model) as run:
        episode = asyncio.run(
            agent.run(task, seed=seed, on_event=lambda kind, values: told.update(values))
        )
        if page is not None:
            episode.files["page"] = str(page)
        add_episode(opened, episode.to_stored(run.id, task.id)).result()
    chosen, seen = told["chosen"], told["seen"]
    if page is not None:
        facts = [
            ("Chosen by", f"{chosen.selector}, encoder {seer.id}"),
            ("Answered by", answerer.name),
            ("Seconds", f"{told['seconds']:.1f} to choose, {told['answer'].seconds:.1f} to answer"),
            ("Tokens", f"{episode.tokens:,}"),
        ]
        strip = Strip(
            video.name, question, episode.answer, seen.seconds, told["frames"],
            told["candidates"].times, chosen.scores, facts=facts, warning=seen.damage,
        )  # fmt: skip
        write_strip(page, strip)
    if as_json:
        typer.echo(json.dumps({"answer": episode.answer, "times": chosen.times, "run": run.id}))
        return
    if seen.damage:
        typer.echo(f"damage: {seen.damage}", err=True)
    typer.echo("frames at " + ", ".join(clock(time_s) for time_s in chosen.times))
    typer.echo(episode.answer or "no answer: no model was asked (--model)")
    if page is not None:
        typer.echo(str(page))

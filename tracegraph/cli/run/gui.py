"""`tracegraph run gui`: an agent works at a desktop, live."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath

if TYPE_CHECKING:
    from tracegraph.agents import Episode
    from tracegraph.envs.desktop.local import LocalXvfb
    from tracegraph.envs.desktop.tasks import GuiTask

_STOPPED = 130  # what shells give for Ctrl-C


def gui(
    instruction: Annotated[str, typer.Argument(help="What to do; not with --task.")] = "",
    task: Annotated[
        str, typer.Option(help="A task file, or one of ours as editor/append_line-0.")
    ] = "",
    model: Annotated[
        str, typer.Option("--model", help="Any model; else $TRACEGRAPH_MODEL, else local.")
    ] = "",
    brain: Annotated[
        str,
        typer.Option(help="text (accessibility tree), marks (and a picture), uitars, or auto."),
    ] = "auto",
    steps: Annotated[int | None, typer.Option(help="Steps at most; else the task's.")] = None,
    launch: Annotated[
        list[str] | None, typer.Option("--launch", help="A program to start first; repeatable.")
    ] = None,
    view: Annotated[
        bool, typer.Option("--view", help="Let a VNC viewer look on, on 127.0.0.1.")
    ] = False,
    record: Annotated[Path | None, typer.Option(help="Where a video (mp4) goes.")] = None,
    frames: Annotated[Path | None, typer.Option(help="A folder for a picture a step.")] = None,
    approve: Annotated[
        bool, typer.Option("--approve", help="Ask before actions that look dangerous.")
    ] = False,
    temperature: Annotated[float, typer.Option(help="Of the answers.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of what the model draws by lot.")] = 0,
    budget: Annotated[
        str, typer.Option(help="Hard limits: tokens=200k,minutes=10,dollars=0.50.")
    ] = "",
    store: StorePath = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")] = False,
) -> None:
    """Let an agent work at a desktop of its own, and watch it.

    The desktop is a sandbox without a network; its files are gone afterwards. Questions of the
    agent come to this terminal.

    Example: tracegraph run gui --task editor/append_line-0 --record out.mp4
    """
    import asyncio
    import sys

    from tracegraph.agents.gui import GuiAgent, Habits, people
    from tracegraph.agents.gui.choose import make_brain
    from tracegraph.envs.desktop.env import Rules
    from tracegraph.models import LLM, Budget, surround
    from tracegraph.runs import Store, add_episode, run_scope
    from tracegraph.training.job import parse_budget

    limits: dict[str, Any] = dict(parse_budget(budget))
    limits |= {name: int(limits[name]) for name in ("tokens", "calls") if name in limits}
    wanted = _task(instruction, task, launch or [])
    llm = LLM(model or None)
    watch = _Watch(as_json=as_json, quiet=quiet)
    person = sys.stdin.isatty()

    @asynccontextmanager
    async def lease() -> AsyncIterator[LocalXvfb]:
        async with _desktop(view, record, watch) as desktop:
            yield desktop

    agent = GuiAgent(
        make_brain(llm, brain, temperature=temperature), lease, rules=Rules(steps=steps),
        habits=Habits(frames=frames), ask=people.ask_in_terminal if person else None,
        approve=(people.approve_in_terminal if person else people.nobody_approves)
        if approve else None,
    )  # fmt: skip
    with (
        Store(store) as opened,
        run_scope(opened, "run gui", wanted.instruction[:80], model=llm.model) as run,
        surround(budget=Budget(**limits, name="run")),
    ):
        try:
            episode: Episode = asyncio.run(agent.run(wanted, seed=seed, on_event=watch))
        except KeyboardInterrupt:
            typer.echo("stopped", err=True)
            raise typer.Exit(_STOPPED) from None
        if record is not None and record.exists():
            episode.files["video"] = str(record)
        add_episode(opened, episode.to_stored(run.id, wanted.id)).result()
    watch("end", {
        "outcome": episode.outcome, "reward": episode.reward, "answer": episode.answer,
        "feedback": episode.feedback, "tokens": episode.tokens, "files": episode.files,
        "steps": len(episode.turns),
    })  # fmt: skip
    if episode.outcome != "success":
        raise typer.Exit(1)


def _task(instruction: str, name: str, launch: list[str]) -> GuiTask:
    from tracegraph.envs.desktop.tasks import TaskError, load_tasks, parse_task
    from tracegraph.envs.desktop.tasks.own import make_task

    if bool(instruction) == bool(name):
        raise TaskError('name one thing to do: "an instruction", or --task FILE')
    if instruction:
        config = [{"type": "launch", "parameters": {"command": one.split()}} for one in launch]
        return parse_task({"id": "wish", "instruction": instruction, "config": config})
    if Path(name).exists():
        tasks = load_tasks(Path(name))
        if len(tasks) != 1:
            raise TaskError(f"{name} holds {len(tasks)} tasks: name a file with one")
        return tasks[0]
    family, _, seed = name.rpartition("-")
    if not seed.isdigit():
        raise TaskError(f"{name} is no file and no task of ours, such as editor/append_line-0")
    return make_task(family, int(seed))


@asynccontextmanager
async def _desktop(view: bool, record: Path | None, watch: _Watch) -> AsyncIterator[LocalXvfb]:
    from tracegraph.envs.desktop.local import LocalXvfb

    async with LocalXvfb() as desktop:
        shown = recording = None
        if view:
            from tracegraph.envs.desktop.view import View

            shown = await View.open(desktop)
            watch("view", {"address": f"127.0.0.1:{shown.port}", "password": shown.password})
        if record is not None:
            from tracegraph.envs.desktop.record import Recording

            recording = await Recording.start(desktop)
        try:
            yield desktop
        finally:
            if recording is not None and record is not None:
                record.write_bytes(await recording.stop())
            if shown is not None:
                await shown.close()


class _Watch:
    """Prints what happens."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._json, self._quiet = as_json, quiet

    def __call__(self, kind: str, told: dict[str, Any]) -> None:
        """Print an event."""
        if self._json:
            print(json.dumps({"event": kind, **told}, default=str), flush=True)
        elif kind == "end" or not self._quiet:
            for line in _lines(kind, told):
                print(line, flush=True)


def _lines(kind: str, told: dict[str, Any]) -> list[str]:
    match kind:
        case "start":
            return [f"task: {told['instruction']}"]
        case "view":
            return [f"look on at vnc://{told['address']}, password {told['password']}"]
        case "step":
            thought = [f"\n{told['number']}. {told['thought']}"] if told["thought"] else [""]
            picture = f"   [{told['picture']}]" if "picture" in told else ""
            return [*thought, f"   {told['said'] or 'an answer that cannot be read'}{picture}"]
        case "refused" | "unreadable":
            return [f"   {told.get('why') or told.get('problem')}"]
        case "end":
            reward = "" if told["reward"] is None else f", reward {told['reward']:g}"
            lines = [
                f"\n{told['outcome']}{reward}, {told['steps']} steps, {told['tokens']:,} tokens"
            ]
            lines += [told["feedback"]] if told["feedback"] else []
            lines += [f"answer: {told['answer']}"] if told["answer"] else []
            return lines + [f"{what}: {path}" for what, path in told["files"].items()]
    return []

"""The agents of the soak: each opens what it needs, and gives what runs one episode, and tasks."""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from tracegraph.agents import Episode
from tracegraph.models import LLM
from tracegraph.rollout.work import RunEpisode, Work

Ready = tuple[RunEpisode, list[Any]]


def _each(agent: Any) -> RunEpisode:
    async def run(work: Work) -> Episode:
        episode: Episode = await agent.run(work.task, seed=work.seed)
        return episode

    return run


@contextlib.asynccontextmanager
async def datarus(model: str) -> AsyncIterator[Ready]:
    """Questions about a table, answered in a fresh notebook."""
    from tracegraph.agents.datarus import Datarus, Settings
    from tracegraph.envs import Score
    from tracegraph.envs.notebook import NotebookEnv, NotebookTask

    dice = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "sales.csv")
        rows = [(dice.choice("abcd"), dice.randint(1, 99)) for _ in range(200)]
        table.write_text("shop,amount\n" + "".join(f"{shop},{n}\n" for shop, n in rows))

        def task(shop: str) -> NotebookTask:
            total = str(sum(n for each, n in rows if each == shop))
            return NotebookTask(
                f"sum-{shop}", f"What is the sum of amount in shop {shop}?", {table.name: table},
                lambda answer: Score(float(total in answer)),
            )  # fmt: skip

        agent = Datarus(LLM(model), lambda task: NotebookEnv(), settings=Settings(steps=4))
        yield _each(agent), [task(shop) for shop in "abcd"]


@contextlib.asynccontextmanager
async def gui(model: str) -> AsyncIterator[Ready]:
    """Easy tasks of ours, each at a fresh desktop."""
    from tracegraph.agents.gui import GuiAgent, TextBrain
    from tracegraph.envs.desktop import DesktopPool, LocalXvfb
    from tracegraph.envs.desktop.env import Rules
    from tracegraph.envs.desktop.tasks.own import FAMILIES, make_task

    easy = [name for name in FAMILIES if name.startswith("easy/")]
    async with DesktopPool(LocalXvfb, 1) as pool:
        agent = GuiAgent(TextBrain(LLM(model)), pool.lease, rules=Rules(steps=6))
        yield _each(agent), [make_task(name, seed) for seed in range(8) for name in easy]


@contextlib.asynccontextmanager
async def modelling(model: str) -> AsyncIterator[Ready]:
    """Word problems, made into programs, run and certified."""
    from tracegraph.agents.resocratic import Modeller
    from tracegraph.envs.solver import SolverPool, SolverTask

    def task(number: int) -> SolverTask:
        return SolverTask(
            f"loaves-{number}",
            f"A baker has {number + 8} kg of flour and 6 hours. A white loaf takes 0.5 kg and a"
            " quarter of an hour and earns 3 euros, a dark one 0.8 kg and half an hour and earns 5"
            " euros. How many of each earn the most?",
        )

    async with SolverPool(1, seconds=20) as pool:
        agent = Modeller(LLM(model), pool, repairs=1, certify=True)
        yield _each(agent), [task(number) for number in range(20)]


@contextlib.asynccontextmanager
async def synthesis(model: str) -> AsyncIterator[Ready]:
    """New optimisation problems, made backwards and solved blindly."""
    from tracegraph.agents.resocratic.resolving import model_blind
    from tracegraph.agents.resocratic.seeds import load_seeds
    from tracegraph.agents.resocratic.synthesizer import Settings, Synthesizer
    from tracegraph.agents.resocratic.target import Aim, draw
    from tracegraph.envs.solver import SolverPool

    seeds = load_seeds()
    aims = [draw(Aim(nonlinear=0.0), seeds, f"soak-{number}") for number in range(20)]
    async with SolverPool(1, seconds=20) as pool:
        llm = LLM(model)
        agent = Synthesizer(
            llm, pool, seeds, model_blind(llm, pool), settings=Settings(tries=1, samples=1)
        )
        yield _each(agent), aims


@contextlib.asynccontextmanager
async def tspo(model: str) -> AsyncIterator[Ready]:
    """A question about a video of a minute; a detector answers, no model is asked."""
    from tracegraph.agents.tspo.agent import TspoAgent
    from tracegraph.agents.tspo.encoders import make_encoder
    from tracegraph.agents.tspo.selectors import make_selector
    from tracegraph.envs.video import VideoTask
    from tracegraph.envs.video.answering import DetectorAnswerer
    from tracegraph.envs.video.events import DIRECTIONS, Event

    with tempfile.TemporaryDirectory() as folder:
        path, event = Path(folder, "long.mp4"), Event("red", "circle", "right")
        _film(path, [event], seconds=60)
        agent = TspoAgent(
            make_encoder("handmade"), [make_selector("topk", None)], DetectorAnswerer()
        )
        task = VideoTask("moves", str(path), event.question, tuple(DIRECTIONS), event.direction)
        yield _each(agent), [task]


@contextlib.asynccontextmanager
async def omni_r1(model: str) -> AsyncIterator[Ready]:
    """Masks of what words are about; the global system is scripted, colours are segmented."""
    from tracegraph.agents.omni_r1 import ColourDetails, OmniR1, ScriptedGlobal
    from tracegraph.envs.video.events import Event
    from tracegraph.envs.video.segments import FileSource, SegmentTask

    wanted = "the red thing"
    answer = (
        "<think>It is red.</think><answer>"
        '{"start_time": "00:04.00", "end_time": "00:04.00", "description": "the red circle"}'
        "</answer>"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scene.mp4")
        truth = _film(path, [Event("red", "circle", "right"), Event("blue", "cross", "left")], 8)
        agent = OmniR1(ScriptedGlobal({wanted: answer}), ColourDetails())
        task = SegmentTask("red", FileSource(str(path)), wanted, lambda: [truth["red circle"]])
        yield _each(agent), [task]


def _film(path: Path, events: list[Any], seconds: int) -> dict[str, list[Any]]:
    """Write a video in which things move; return their masks, two a second."""
    from tracegraph.envs.video.scene import Mover, Scene
    from tracegraph.envs.video.writer import write_video

    movers = [Mover(each, x=0.3 + 0.4 * n, y=0.3 + 0.4 * n) for n, each in enumerate(events)]
    scene = Scene(movers, width=192, height=108, seed=5)
    count = 2 * seconds
    drawn = [scene.draw(n / count) for n in range(count)]
    write_video(path, ((n / 2, rgb) for n, (rgb, _) in enumerate(drawn)), rate=2)
    return {each.label: [masks[each.label] for _, masks in drawn] for each in events}


AGENTS: dict[str, Callable[[str], AbstractAsyncContextManager[Ready]]] = {
    "datarus": datarus,
    "gui": gui,
    "modelling": modelling,
    "omni_r1": omni_r1,
    "synthesis": synthesis,
    "tspo": tspo,
}

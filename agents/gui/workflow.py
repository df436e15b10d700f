"""The text agent as a workflow: what `tracegraph optimize` improves its prompts with.

    tracegraph desktop tasks --family easy --seeds 0,1,2,1000,1001 --rows rows.jsonl
    tracegraph optimize agents/gui/workflow.py --data rows.jsonl --concurrency 3

Each example is a task of ours by its id, worked on at a fresh desktop. What may change: how the
model is told to work, and what it reads before a step.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from typing import Any

import tracegraph as tg
from tracegraph.agents.gui.agent import GuiAgent, Lease
from tracegraph.agents.gui.text import TextBrain
from tracegraph.agents.gui.texts import Texts
from tracegraph.envs import EnvError, EvalError
from tracegraph.envs.desktop.env import Rules
from tracegraph.envs.desktop.local import LocalXvfb
from tracegraph.envs.desktop.pool import DesktopPool
from tracegraph.envs.desktop.tasks.own import make_task
from tracegraph.models import LLM
from tracegraph.training.guide import Judgement

_ATTEMPTS = 3
_STEPS = 6  # of the easy tasks four are enough; a weak model repeats itself after that
_DESKTOPS = 4


@functools.cache
def _texts() -> Texts:
    # Not a name of the module: of all prompts only these two are to change here.
    return Texts()


instructions, screen = _texts().text, _texts().screen
_llm = LLM()


class Desktops:
    """Desktops that the examples which run at a time share; they end with the last example.

    An example that comes soon after another finds a desktop that waits ready.
    """

    def __init__(self, size: int = _DESKTOPS) -> None:
        self._size = size
        self._pool: DesktopPool[LocalXvfb] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._users = 0

    @contextlib.asynccontextmanager
    async def shared(self) -> AsyncIterator[Lease]:
        """Give what leases desktops, as long as this example runs."""
        loop = asyncio.get_running_loop()
        if self._pool is None or self._loop is not loop:
            self._pool, self._loop, self._users = DesktopPool(LocalXvfb, self._size), loop, 0
        pool = self._pool
        self._users += 1
        try:
            yield pool.lease
        finally:
            self._users -= 1
            if self._users == 0:
                self._pool = None
                await pool.close()


_desktops = Desktops()


async def workflow(task: str) -> dict[str, Any]:
    """Work on a task at a desktop by its accessibility tree, one step of the model at a time."""
    family, _, seed = task.rpartition("-")
    wanted = make_task(family, int(seed))
    brain = TextBrain(_llm, texts=_texts())
    async with _desktops.shared() as lease:
        for attempt in range(1, _ATTEMPTS + 1):
            agent = GuiAgent(brain, lease, rules=Rules(steps=_STEPS))
            try:
                episode = await agent.run(wanted)
            except (EnvError, EvalError):
                if attempt == _ATTEMPTS:
                    raise
                continue
            course, told = episode.extra["course"], episode.extra["instruction"]
            done: dict[str, Any] = finish(course, told, episode.reward, episode.feedback)
            return done
    raise AssertionError("the last attempt returns or raises")


@tg.bundle
def finish(course: dict[str, Any], instruction: str, score: float, problem: str) -> dict[str, Any]:
    """The desktop is judged after the last step."""
    return {"task": instruction, **course, "score": score, "problem": problem}


def guide(output: dict[str, Any]) -> Judgement:
    """Return the score of the desktop, and what was done and is wrong, as feedback."""
    if output["score"] >= 1:
        return Judgement(1.0, "The task was done.")
    steps = "\n".join(output["steps"])
    said = [
        f"The task was not done: {output['task']}",
        f"The steps were:\n{steps}",
        f"It ended with: {_ENDS.get(output['ended'], output['ended'])}",
        f"What is wrong: {output['problem'] or 'nothing was found'}.",
    ]
    if again := _repeated(output["steps"]):
        said.append(f"This step was done {again[1]} times, once would do: {again[0]}")
    if _never_entered(output["task"], output["steps"]):
        said.append(
            "What is typed into a terminal runs only when the text ends with a line break (\\n)."
        )
    return Judgement(max(0.0, output["score"]), "\n".join(said))


_ENDS = {
    "done": 'the answer "done", although it was not.',
    "fail": 'the answer "fail", although the task can be done.',
    "limit": 'no more steps left; "done" was never answered.',
    "unreadable": "answers that cannot be carried out.",
}


def _never_entered(task: str, steps: list[str]) -> bool:
    """Return whether commands were typed into a terminal, and Enter never followed."""
    typed = [step for step in steps if ". typed " in step]
    entered = any("\\n" in step for step in typed) or any("Enter" in step for step in steps)
    return "terminal" in task and bool(typed) and not entered


def _repeated(steps: list[str]) -> tuple[str, int] | None:
    """Return the step that was done most often, and how often, when that is more than once."""
    said = [step.partition(". ")[2].partition(" -> ")[0] for step in steps]
    often = max(said, key=said.count, default="")
    return (often, said.count(often)) if said.count(often) > 1 else None

"""The text agent as a workflow: what `tracegraph optimize` improves its prompts with.

    tracegraph desktop tasks --family editor --seeds 0,1,2,3 --rows rows.jsonl
    tracegraph optimize agents/gui/workflow.py --data rows.jsonl --concurrency 3

Each example is a task of ours by its id, worked on at a fresh desktop. What may change: how the
model is told to work, and what it reads before a step.
"""

from __future__ import annotations

import functools
from typing import Any

import tracegraph as tg
from tracegraph.agents.gui.agent import GuiAgent
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
_STEPS = 12  # what the tasks of ours need at most; a weak model repeats itself after that


@functools.cache
def _texts() -> Texts:
    # Not a name of the module: of all prompts only these two are to change here.
    return Texts()


instructions, screen = _texts().text, _texts().screen
_llm = LLM()


async def workflow(task: str) -> dict[str, Any]:
    """Work on a task at a desktop by its accessibility tree, one step of the model at a time."""
    family, _, seed = task.rpartition("-")
    wanted = make_task(family, int(seed))
    brain = TextBrain(_llm, texts=_texts())
    for attempt in range(1, _ATTEMPTS + 1):
        async with DesktopPool(LocalXvfb, 1, spares=0) as pool:
            agent = GuiAgent(brain, pool.lease, rules=Rules(steps=_STEPS))
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
    return Judgement(
        max(0.0, output["score"]),
        f"The task was not done: {output['task']}\nThe steps were:\n{steps}\n"
        f"It ended with: {output['ended']}. What is wrong: {output['problem']}",
    )

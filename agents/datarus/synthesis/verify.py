"""An answer is verified when its code runs, and independent solutions come to the same."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracegraph.agents.datarus import fields
from tracegraph.agents.datarus.dabench.scoring import close, equal, score
from tracegraph.agents.datarus.look import first_cell
from tracegraph.agents.datarus.synthesis.propose import Proposed
from tracegraph.envs import EnvError

if TYPE_CHECKING:
    from tracegraph.agents.episode import Episode
    from tracegraph.envs.notebook import NotebookEnv, NotebookTask

# Runs after the code, in its cell: turns the answer into text, or says what is wrong with it.
_TELL = """
def _told(value):
    import math
    value = value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value
    if isinstance(value, bool):
        return "bool", str(value)
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, float) and math.isfinite(value):
        return "float", f"{value:.2f}"
    if isinstance(value, str) and 0 < len(value) <= 60 and not set(value) & set("[]\\n"):
        return "str", value
    raise TypeError(f"the answer is no single finite value: {value!r:.80}")

print("@{0}[{1}]".format(*_told(answer)))
"""
_FORMS = {
    "bool": "True or False",
    "int": "a whole number",
    "float": "a number rounded to two decimal places",
    "str": "a text, as it stands in the table",
}


@dataclass(frozen=True, slots=True)
class Verified:
    """A question with the answer that its code computed.

    Attributes:
        question: with the form of its answer.
        problem: why the code gave no answer; then there is none.
    """

    key: str
    question: str
    name: str
    code: str
    answer: str = ""
    problem: str = ""


async def describe(table: Path, env: NotebookEnv) -> str:
    """Return what a model should know of a table to ask about it: its columns and their values.

    Raises:
        EnvError: the notebook broke, or the table cannot be read.
    """
    from tracegraph.envs.notebook import Cell, NotebookTask

    await env.reset(NotebookTask("describe", "", {table.name: table}))
    seen = (await env.step(Cell(first_cell([table.name])))).observation
    if seen.status != "ok":
        raise EnvError(f"{table} cannot be read as a table: {seen.error}")
    return str(seen.text)


async def verify(proposed: Proposed, table: Path, env: NotebookEnv) -> Verified:
    """Run the code of a question in a notebook; return the question with its answer.

    Raises:
        EnvError: the notebook broke.
    """
    from tracegraph.envs.notebook import Cell, NotebookTask

    known = {"key": proposed.key, "name": proposed.name, "code": proposed.code}
    question = proposed.question.strip()
    await env.reset(NotebookTask(proposed.key, question, {table.name: table}))
    await env.step(Cell(first_cell([table.name])))
    seen = (await env.step(Cell(f"{proposed.code}\n{_TELL}"))).observation
    if seen.status != "ok":
        return Verified(question=question, problem=seen.error or seen.status, **known)
    found = fields.given(seen.text.strip().splitlines()[-1] if seen.text.strip() else "")
    if len(found) != 1:
        return Verified(question=question, problem="the code printed no answer", **known)
    kind, answer = found.popitem()
    form = f"Form of the answer: @{proposed.name}[value] where value is {_FORMS[kind]}."
    return Verified(question=f"{question}\n\n{form}", answer=answer, **known)


def to_task(verified: Verified, table: Path) -> NotebookTask:
    """Return a question as a task for the agent, judged by the computed answer."""
    from tracegraph.envs.notebook import NotebookTask

    judge = functools.partial(score, {verified.name: verified.answer})
    return NotebookTask(verified.key, verified.question, {table.name: table}, judge)


def agree(verified: Verified, episodes: Sequence[Episode], wanted: int = 2) -> list[Episode]:
    """Return the episodes that came to the computed answer, if there are enough of them.

    The agent never sees the code, so they are independent of it and, with seeds of their own,
    of each other.
    """
    same = [
        episode
        for episode in episodes
        if _same(fields.given(episode.answer).get(verified.name), verified.answer)
    ]
    return same if len(same) >= wanted else []


def _same(value: str | None, answer: str) -> bool:
    exact = answer.lstrip("-").isdigit()
    return equal(value, answer) if exact else equal(value, answer) or close(value, answer)

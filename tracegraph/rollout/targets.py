"""What `tracegraph rollout` runs: a function of the user, or questions asked directly."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracegraph.agents import Episode, Turn
from tracegraph.agents.episode import note_tokenizer
from tracegraph.envs import Score
from tracegraph.errors import TracegraphError
from tracegraph.rollout.work import RunEpisode, Work

_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Target:
    """Runs episodes by the name of what runs them, so that it can be sent to other machines.

    Attributes:
        name: ``chat`` asks the model a task's question and compares the answer; ``module:name``
            is an async function of a `Work`, or an agent, whose ``run`` gets the task.
        model: for ``chat``.
        temperature: for ``chat``.
    """

    name: str
    model: str = ""
    temperature: float = 1.0

    def check(self) -> None:
        """Raise a TracegraphError when there is no such target."""
        _found(self)

    async def __call__(self, work: Work) -> Episode:
        """Run an episode."""
        return await _found(self)(work)


@functools.cache
def _found(target: Target) -> RunEpisode:
    if target.name == "chat":
        return chat(target.model, target.temperature)
    module, colon, attribute = target.name.partition(":")
    if not colon:
        raise TracegraphError(f"{target.name!r} is no target: give chat, or module:name")
    if "" not in sys.path:
        sys.path.insert(0, "")  # as `python -m` does
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise TracegraphError(f"{target.name} cannot be imported: {error}") from error
    if not hasattr(found, "run"):
        plain = inspect.isfunction(found) and not inspect.iscoroutinefunction(found)
        if plain or not callable(found):
            raise TracegraphError(
                f"{target.name} is neither an async function of a Work nor an agent with run()"
            )
        function: RunEpisode = found
        return function

    async def run(work: Work) -> Episode:
        episode: Episode = await found.run(work.task, seed=work.seed)
        return episode

    return run


def chat(model: str = "", temperature: float = 1.0) -> RunEpisode:
    """Return episodes of one question each: the task's "question", judged by its "answer"."""
    from tracegraph.models import LLM

    llm = LLM(model or None)

    async def ask(work: Work) -> Episode:
        task: Mapping[str, Any] = work.task
        messages = [{"role": "user", "content": str(task["question"])}]
        told = await llm.complete(
            messages, temperature=temperature, seed=work.seed, max_tokens=_TOKENS, logprobs=True
        )
        episode = Episode("chat", "question", str(task["id"]), seed=work.seed)
        episode.turns.append(Turn.of(messages, told))
        await note_tokenizer(episode, llm)
        episode.policy = {"model": llm.model}
        episode.answer, episode.cost = told.text.strip(), told.cost
        if "answer" in task:
            right = str(task["answer"]).strip()
            same = episode.answer == right
            episode.judge(Score(float(same), {"exact": float(same)},
                                "" if same else f"the right answer is {right}"))  # fmt: skip
        return episode

    return ask


def read_tasks(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the tasks of a file of rows, each with its ``id`` (else the number of its row).

    Raises:
        TracegraphError: the file is malformed, or an id is there twice.
    """
    from tracegraph.training.data.rows import read_rows

    seen: set[str] = set()
    for number, (_, row) in enumerate(read_rows(path), start=1):
        name = str(row.setdefault("id", number))
        if name in seen:
            raise TracegraphError(f"{path} has two tasks with the id {name}")
        seen.add(name)
        yield name, row

"""Small tasks that a small model can learn in minutes: choose a tool, add two digits, read files.

Each is split three ways: what is trained on, what early stopping looks at (``check``), and what
nothing looks at before the end (``held_out``).
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from tracegraph.agents import Episode
from tracegraph.envs import Score
from tracegraph.errors import TracegraphError
from tracegraph.policy.play import Ask
from tracegraph.policy.trainer.model import Codec
from tracegraph.prompts import load

__all__ = ["Task", "Problem", "one_turn", "exact", "find_task", "sums", "tools"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A question and the one right answer.

    ``turns`` are the user's, the model's, …, and last the question: earlier ones show the form.
    """

    id: str
    turns: tuple[str, ...]
    answer: str


# Runs one episode of a problem by asking, and gives it a reward.
PlayProblem = Callable[[Problem, Ask], Awaitable[Episode]]


@dataclass(frozen=True, slots=True)
class Task:
    """Problems, and how they are played.

    Attributes:
        name: what the task is called.
        train, check, held_out: its problems; none is in two of them.
        tokens: the most that the answer of a turn may have.
        open: opens what all episodes share (such as warm kernels) and returns what plays one.
        together: the most episodes at a time that this has room for.
    """

    name: str
    train: tuple[Problem, ...]
    check: tuple[Problem, ...]
    held_out: tuple[Problem, ...]
    tokens: int
    open: Callable[[Codec], AbstractAsyncContextManager[PlayProblem]]
    together: int = 256


def one_turn(
    judge: Callable[[Problem, str], float],
) -> Callable[[Codec], AbstractAsyncContextManager[PlayProblem]]:
    """Return what opens a task of one question each.

    Args:
        judge: returns the reward of an answer, from 0 to 1.
    """

    @asynccontextmanager
    async def opened(codec: Codec) -> AsyncIterator[PlayProblem]:
        async def play(problem: Problem, ask: Ask) -> Episode:
            turn = await ask(codec.encode(problem.turns))
            episode = Episode("policy", "question", problem.id, turns=[turn], answer=turn.answer)
            episode.judge(Score(judge(problem, turn.answer)))
            return episode

        yield play

    return opened


def exact(problem: Problem, text: str) -> float:
    """Return 1 for the right answer and nothing else beside it."""
    return float(text.strip() == problem.answer)


def find_task(name: str) -> Task:
    """Return the task of a name: tools, sums or notebook.

    Raises:
        TracegraphError: there is no such task.
    """
    if name == "tools":
        return tools()
    if name == "sums":
        return sums()
    if name == "notebook":
        from tracegraph.policy.trainer.notebook import notebook

        return notebook()
    raise TracegraphError(f"there is no task {name!r}; there are: tools, sums, notebook")


def sums() -> Task:
    """Return sums of two digits from 1 to 9; 3 + 5 and 5 + 3 are always in the same split."""
    pairs = [(a, b) for a in range(1, 10) for b in range(a, 10)]
    random.Random("sums").shuffle(pairs)

    def problems(some: list[tuple[int, int]]) -> tuple[Problem, ...]:
        ordered = sorted({pair for a, b in some for pair in ((a, b), (b, a))})
        return tuple(
            Problem(f"{a}+{b}", ("What is 2 + 7?", "9", f"What is {a} + {b}?"), str(a + b))
            for a, b in ordered
        )

    # 2 + 7 is in the question.
    pairs = [pair for pair in pairs if pair != (2, 7)]
    parts = problems(pairs[:19]), problems(pairs[19:27]), problems(pairs[27:])
    return Task("sums", *parts, tokens=6, open=one_turn(exact))


_OPERATIONS = (("add", "plus"), ("sub", "minus"), ("mul", "times"))


def tools() -> Task:
    """Return the choice among add, sub and mul with the right arguments."""
    shown = (load("policy/tools").format(question="What is 7 plus 2?"), "add(7, 2)")
    every = [
        (call, word, a, b)
        for call, word in _OPERATIONS for a in range(1, 10) for b in range(1, 10)
        if (call, a, b) != ("add", 7, 2)
    ]  # fmt: skip
    random.Random("tools").shuffle(every)
    problems = tuple(
        Problem(f"{call}-{a}-{b}", (*shown, f"What is {a} {word} {b}?"), f"{call}({a}, {b})")
        for call, word, a, b in every
    )
    return Task("tools", problems[:72], problems[72:96], problems[96:144], 14, one_turn(exact))

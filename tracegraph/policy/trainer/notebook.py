"""A small task of several turns in a real environment: find a number in a file, with a notebook.

The policy writes a cell that reads the file, sees what it printed, and answers. Each file tells
two things with their numbers, in one order or the other, so the answer has to be found in what
was read. What the policy writes runs in a Jupyter kernel in the sandbox.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tracegraph.agents import Episode
from tracegraph.envs import Score
from tracegraph.envs.notebook import (
    Action,
    Answer,
    Cell,
    CellOutput,
    KernelPool,
    NotebookEnv,
    NotebookTask,
)
from tracegraph.policy.play import Ask
from tracegraph.policy.trainer.model import Codec
from tracegraph.policy.trainer.tasks import PlayProblem, Problem, Task

TURNS = 2  # a cell, and the answer
_SHOWN = 80  # characters of an observation
_SECONDS = 30.0  # for a cell
# Kernels at a time and kept ready; a step of the reference trainer plays four groups of eight.
_KERNELS, _WARM = 32, 4
_SAID = "answer "
_DEMONSTRATION = (
    "What number is in jar.txt?", 'print(open("jar.txt").read())', "jar 3, cup 58", "answer 3",
)  # fmt: skip
_THINGS = """
    apple bag ball bed bell bird boat book boot box bread brush card chair clock coat coin desk
    dish door drum egg fan fish flag fork gate gift glass glove hat horse key kite knife lamp
    leaf map milk moon nail note pan pen pipe plate ring rope salt ship shoe soap sock spoon star
    stone table tent tree wheel
""".split()  # noqa: SIM905 - 59 words are easier to read so


def notebook() -> Task:
    """Return the task: 16 problems to train on, 12 to look at, 24 held out, of other things."""
    rng = random.Random("notebook")
    things = rng.sample(_THINGS, 52)
    problems = tuple(
        Problem(thing, (*_DEMONSTRATION, f"What number is in {thing}.txt?"), str(number))
        for thing, number in zip(things, rng.sample(range(10, 100), 52), strict=True)
    )
    parts = problems[:16], problems[16:28], problems[28:]
    return Task("notebook", *parts, tokens=16, open=_open, together=_KERNELS)


def text_of_file(problem: Problem) -> str:
    """Return what the file of a problem says: its number beside that of another thing."""
    rng = random.Random(problem.id)
    other = rng.choice([thing for thing in _THINGS if thing != problem.id])
    number = rng.choice([n for n in range(10, 100) if str(n) != problem.answer])
    told = [f"{problem.id} {problem.answer}", f"{other} {number}"]
    rng.shuffle(told)
    return ", ".join(told)


def read(text: str) -> Action:
    """Return what a turn means: an answer if it says so, else a cell."""
    said = text.strip()
    if said.startswith(_SAID):
        return Answer(said.removeprefix(_SAID))
    return Cell(said)


def show(output: CellOutput) -> str:
    """Return what the policy sees of a cell: its error, or the beginning of what it printed."""
    return (output.error or output.text).strip()[:_SHOWN]


def judge(problem: Problem) -> Callable[[str], Score]:
    """Return what scores an answer: 1 for the number and nothing else."""

    def score(text: str) -> Score:
        same = text.strip() == problem.answer
        return Score(float(same), feedback="" if same else f"the number is {problem.answer}")

    return score


@asynccontextmanager
async def _open(codec: Codec) -> AsyncIterator[PlayProblem]:
    with tempfile.TemporaryDirectory(prefix="tracegraph-policy-") as folder:
        async with KernelPool(_WARM, most=_KERNELS, preload=()) as pool:

            async def play(problem: Problem, ask: Ask) -> Episode:
                path = Path(folder) / f"{problem.id}.txt"
                if not path.exists():
                    path.write_text(text_of_file(problem))
                task = NotebookTask(
                    problem.id, problem.turns[-1], {path.name: path}, judge(problem)
                )
                env = NotebookEnv(pool, cell_seconds=_SECONDS)
                try:
                    return await play_notebook(env, task, codec.encode(problem.turns), codec, ask)
                finally:
                    await env.close()

            yield play


async def play_notebook(
    env: NotebookEnv, task: NotebookTask, prompt: list[int], codec: Codec, ask: Ask
) -> Episode:
    """Play one episode: turns until there is an answer, at most ``TURNS``.

    The prompt of a turn is that before it, the ids that were sampled, and the ids of what the
    environment said: nothing is tokenised twice.
    """
    episode = Episode("policy", "notebook", task.id)
    # The kernel gets ready while the first turn is sampled.
    _, turn = await asyncio.gather(env.reset(task), ask(prompt))
    while True:
        episode.turns.append(turn)
        action = read(turn.answer)
        if isinstance(action, Cell) and len(episode.turns) == TURNS:
            break  # nobody would see what it prints
        result = await env.step(action)
        turn.action = {"answer": action.text} if isinstance(action, Answer) else action.code
        turn.observation = show(result.observation)
        if result.done:
            episode.answer = turn.observation
            break
        sampled = turn.token_ids or []
        ended = bool(sampled) and sampled[-1] in codec.stop
        prompt = [*prompt, *sampled, *codec.between(turn.observation, ended=ended)]
        turn = await ask(prompt)
    episode.judge(await env.evaluate())
    return episode

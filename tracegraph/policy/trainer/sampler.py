"""Where the tokens of episodes come from: this process, many episodes in one batch."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from tracegraph.agents import Turn
from tracegraph.policy.play import Ask
from tracegraph.policy.trainer.model import Learner
from tracegraph.policy.trainer.sample import Sample, sample
from tracegraph.policy.trainer.settings import Settings


@dataclass(frozen=True, slots=True)
class Draw:
    """How tokens are drawn: at most ``limit`` a turn; a temperature of 0 takes the likeliest."""

    limit: int
    temperature: float
    seed: int = 0


class Table(Protocol):
    """Answers what a number of episodes ask, side by side."""

    def seat(self, number: int) -> Ask:
        """Return what the episode of a number asks with."""

    def leave(self, number: int) -> None:
        """Say that an episode asks no more."""


class Sampler(Protocol):
    """Samples with the weights that it was last told of."""

    def table(self, episodes: int, draw: Draw) -> Table:
        """Return a table for so many episodes; inside an event loop."""

    async def follow(self, step: int) -> None:
        """Sample with the learner's weights of today: those after ``step``."""

    async def close(self) -> None:
        """End what was started."""


class InProcess:
    """Samples with the learner's own model; the same seed gives the same tokens.

    Turns are sampled when every episode has asked or left: in one batch, in the order of the
    episodes. So the tokens do not depend on how fast an environment was.
    """

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def table(self, episodes: int, draw: Draw) -> Table:
        """Return a table at which all wait for each other."""
        return _Round(self._learner, episodes, draw)

    async def follow(self, step: int) -> None:
        """Do nothing: there is one copy of the weights."""

    async def close(self) -> None:
        """Do nothing."""


def make_sampler(learner: Learner, settings: Settings, out: Path) -> Sampler:
    """Return the sampler that the settings name."""
    if settings.sampler == "vllm":
        from tracegraph.policy.trainer.served import Served

        return Served(learner, settings.served, out / "served")
    return InProcess(learner)


class _Round:
    def __init__(self, learner: Learner, episodes: int, draw: Draw) -> None:
        self._learner, self._draw = learner, draw
        self._at_work = set(range(episodes))
        self._waiting: dict[int, tuple[tuple[int, ...], asyncio.Future[Sample]]] = {}
        self._generator = torch.Generator().manual_seed(draw.seed)
        self._answers: set[asyncio.Task[None]] = set()

    def seat(self, number: int) -> Ask:
        async def ask(prompt: Sequence[int]) -> Turn:
            future: asyncio.Future[Sample] = asyncio.get_running_loop().create_future()
            self._waiting[number] = tuple(prompt), future
            self._perhaps()
            made = await future
            return turn_of(self._learner, prompt, made, self._draw)

        return ask

    def leave(self, number: int) -> None:
        self._at_work.discard(number)
        self._waiting.pop(number, None)
        self._perhaps()

    def _perhaps(self) -> None:
        if self._waiting and self._waiting.keys() == self._at_work:
            asked = [self._waiting[number] for number in sorted(self._waiting)]
            self._waiting.clear()
            task = asyncio.get_running_loop().create_task(self._answer(asked))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _answer(self, asked: list[tuple[tuple[int, ...], asyncio.Future[Sample]]]) -> None:
        # Those with the same history stand together, and it is read once for all of them.
        counts = Counter(prompt for prompt, _ in asked)
        try:
            made = await asyncio.to_thread(
                sample, self._learner.model, list(counts), list(counts.values()),
                limit=self._draw.limit, stop=self._learner.codec.stop,
                temperature=self._draw.temperature, generator=self._generator,
            )  # fmt: skip
        except Exception as error:
            for _, future in asked:
                if not future.done():
                    future.set_exception(error)
            return
        left = {prompt: iter(each) for prompt, each in zip(counts, made, strict=True)}
        for prompt, future in asked:
            one = next(left[prompt])
            if not future.done():
                future.set_result(one)


def turn_of(learner: Learner, prompt: Sequence[int], made: Sample, draw: Draw) -> Turn:
    """Return the turn of what was sampled."""
    return Turn(
        answer=learner.codec.decode(made.ids),
        sampling={"temperature": draw.temperature},
        prompt_tokens=len(prompt), completion_tokens=len(made.ids),
        prompt_token_ids=list(prompt), token_ids=list(made.ids), logprobs=list(made.logprobs),
    )  # fmt: skip

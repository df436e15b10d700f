"""Episodes of problems side by side, and the rows that the trainer makes of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracegraph.agents import Episode
from tracegraph.agents.groups import Group as Attempts
from tracegraph.agents.replay import ReplayBuffer
from tracegraph.envs import EnvError, EvalError
from tracegraph.policy.play import one_sequence
from tracegraph.policy.trainer.sample import Sample
from tracegraph.policy.trainer.sampler import Draw, Sampler, Table
from tracegraph.policy.trainer.tasks import PlayProblem, Problem
from tracegraph.policy.trainer.update import Group


@dataclass(frozen=True, slots=True)
class Stage:
    """What episodes of one training need, open: what plays one, what samples, how many fit."""

    play: PlayProblem
    sampler: Sampler
    together: int

    async def groups(self, problems: Sequence[Problem], count: int, draw: Draw) -> list[Attempts]:
        """Return ``count`` episodes of each problem, in their order.

        Episodes whose environment broke say nothing about the policy and are left out, so groups
        may be smaller.
        """
        every = [problem for problem in problems for _ in range(count)]
        played: list[Episode | None] = []
        for first in range(0, len(every), self.together):
            part = every[first : first + self.together]
            seed = random.Random(f"{draw.seed} {first}").getrandbits(62)
            table = self.sampler.table(len(part), replace(draw, seed=seed))
            try:
                async with asyncio.TaskGroup() as group:
                    running = [
                        group.create_task(self._one(problem, number, table))
                        for number, problem in enumerate(part)
                    ]
            except BaseExceptionGroup as failures:
                # They have one cause, such as a server that is gone; it is told as itself.
                raise failures.exceptions[0] from None
            played += [task.result() for task in running]
        made = []
        for place, problem in enumerate(problems):
            episodes = played[place * count : (place + 1) * count]
            made.append(Attempts(problem.id, tuple(e for e in episodes if e is not None)))
        return made

    async def _one(self, problem: Problem, number: int, table: Table) -> Episode | None:
        try:
            return await self.play(problem, table.seat(number))
        except (EnvError, EvalError):
            return None
        finally:
            table.leave(number)


def row(episode: Episode) -> Sample:
    """Return an episode as one row: what was sampled, masked where the environment spoke."""
    found = one_sequence(episode)
    return Sample(
        tuple(found.ids), tuple(found.logprobs), tuple(found.mask), episode.reward or 0.0,
        replayed=bool(episode.extra.get("replayed")),
    )  # fmt: skip


def rows(attempts: Attempts) -> Group:
    """Return a group as rows of one prompt."""
    prompt = attempts.episodes[0].turns[0].prompt_token_ids or []
    return Group(tuple(prompt), tuple(row(episode) for episode in attempts.episodes))


def replayed(groups: Sequence[Attempts], buffer: ReplayBuffer | None, seed: str) -> list[Attempts]:
    """Return the groups with earlier successes where all failed, then keep the fresh ones.

    Source: ARPO (arXiv 2505.16282), in the order and with the bounds of its published code.
    """
    if buffer is None:
        return list(groups)
    return buffer.step(groups, random.Random(seed))

"""Answers that were given before, by what was seen."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from tracegraph.envs.video.answering.protocol import Answer, Answerer
from tracegraph.envs.video.frame import Frame


class RememberedAnswerer:
    """Asks another answerer once for each question and set of frames.

    In a group of rollouts many choose the same frames: they cost one call, also while it is in
    flight. Frames are named by their pixels and times.

    Args:
        answerer: what is asked.
    """

    def __init__(self, answerer: Answerer) -> None:
        self.answerer = answerer
        self.asked = 0
        self.known = 0
        self._answers: dict[str, asyncio.Future[Answer]] = {}

    @property
    def name(self) -> str:
        """That of the answerer that is asked."""
        return self.answerer.name

    async def answer(
        self, question: str, options: Sequence[str], frames: Sequence[Frame], prompt: str
    ) -> Answer:
        """Return the answer of before, or ask."""
        key = frames_key(self.name, prompt, frames)
        found = self._answers.get(key)
        if found is not None:
            self.known += 1
            return replace(await asyncio.shield(found), seconds=0.0, cost=0.0)
        self.asked += 1
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[key] = future
        try:
            answer = await self.answerer.answer(question, options, frames, prompt)
        except BaseException as error:
            del self._answers[key]
            if isinstance(error, Exception):
                future.set_exception(error)
                future.exception()  # somebody may wait for it, and nobody need
            else:
                future.cancel()
            raise
        future.set_result(answer)
        return answer


def frames_key(name: str, prompt: str, frames: Sequence[Frame]) -> str:
    """Return the key of an answer: who answers, what is asked, what is seen and when."""
    told = hashlib.sha256(f"{name}\n{prompt}".encode())
    for frame in frames:
        told.update(f"\n{frame.hash} {frame.ref.time_s:.3f}".encode())
    return told.hexdigest()

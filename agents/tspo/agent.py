"""The agent: score the frames of a video for a question, choose some, ask about them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tracegraph as tg
from tracegraph.agents import Episode, OnEvent, Turn, versions
from tracegraph.agents.pictures import keep_frames
from tracegraph.agents.recorded import current_value, prompt_parameter, recorded
from tracegraph.agents.tspo.encoders import Encoder
from tracegraph.agents.tspo.features import look_at, unseen
from tracegraph.agents.tspo.selectors import Candidates, Selection, Selector
from tracegraph.envs.video import Frame, Look, Reply, Seen, Video, VideoEnv, VideoTask
from tracegraph.envs.video.answering import Answer, Answerer
from tracegraph.envs.video.needle import letters


class TspoAgent:
    """Answers questions about long videos from a few frames.

    What an optimizer may change: ``prompt``, how the question is asked; ``frames``, how many are
    chosen; ``selector``, which of ``selectors`` chooses.

    Args:
        encoder: of frames and questions.
        selectors: to choose among, by name; the first is used at first.
        answerer: answers from the chosen frames.
        frames: how many to choose.
        step_s: seconds from one candidate to the next.
        longest: pixels of the longer side of the frames that the answerer sees.
        cache: a folder for features.
        env: makes the environment of an episode.
    """

    name = "tspo"

    def __init__(
        self,
        encoder: Encoder,
        selectors: Sequence[Selector],
        answerer: Answerer,
        *,
        frames: int = 8,
        step_s: float = 1.0,
        longest: int = 448,
        cache: Path | None = None,
        env: Callable[[], VideoEnv] = VideoEnv,
    ) -> None:
        self.encoder = encoder
        self.selectors = {selector.name: selector for selector in selectors}
        self.answerer = answerer
        self.step_s = step_s
        self.longest = longest
        self.cache = cache
        self.env = env
        names = list(self.selectors)
        self.prompt = prompt_parameter("tspo/answer", "How the question about the frames is asked.")
        self.frames: tg.Parameter[Any] = tg.Parameter(
            frames, name="tspo_frames", low=1, high=512, description="How many frames to choose."
        )
        self.selector: tg.Parameter[Any] = tg.Parameter(
            names[0], name="tspo_selector", choices=names, description="What chooses the frames."
        )

    async def run(
        self, task: VideoTask, *, seed: int = 0, on_event: OnEvent | None = None
    ) -> Episode:
        """Answer one question.

        ``on_event`` is told "start", "select" (with the selection), "look" (with the frames) and
        "answer". Without a right answer in the task, an answer counts as a success without a
        reward.
        """
        tell = on_event or (lambda kind, told: None)
        episode = Episode(self.name, "video", task.id, seed=seed)
        env = self.env()
        try:
            with recorded():
                seen = await env.reset(task, seed)
                tell("start", {"task": task.id, "question": task.question, "seen": seen})
                parameters = (self.prompt, self.frames, self.selector)
                values = {node.name: current_value(node) for node in parameters}
                episode.policy = {
                    "model": self.answerer.name, "encoder": self.encoder.id, **versions(values),
                }  # fmt: skip
                answer, chosen = await self._answer(env, task, seed, episode, tell)
            await env.step(Reply(answer.choice or answer.text))
            episode.answer = answer.choice or answer.text
            episode.cost = answer.cost
            tell("answer", {"answer": answer, "chosen": chosen})
            if task.answer:
                episode.judge(await env.evaluate())
            else:
                episode.outcome = "success" if episode.answer else "failure"
        finally:
            await env.close()
        episode.finished = time.time()
        return episode

    async def _answer(
        self, env: VideoEnv, task: VideoTask, seed: int, episode: Episode, tell: OnEvent
    ) -> tuple[Answer, Selection]:
        started = time.perf_counter()
        selector = self.selector.data
        candidates = await self.look(task.video, task.question, selector)
        chosen = self.select(candidates, selector, self.frames.data, seed)
        spent = time.perf_counter() - started
        episode.turns.append(
            Turn(
                action={"select": chosen.selector, "k": len(chosen.indices)},
                observation={"times": list(chosen.times), "scores": list(chosen.scores)},
                seconds=spent,
            )
        )
        tell("select", {"chosen": chosen, "candidates": candidates, "seconds": spent})
        frames = await self.show(env, chosen)
        kept = await keep_frames(frames)
        tell("look", {"frames": frames})
        answer = await self.ask(self.prompt.data, task.question, task.options, frames)
        episode.turns.append(
            Turn(
                messages=list(answer.messages),
                answer=answer.text,
                action={"choice": answer.choice},
                observation={"frames": kept} if kept else None,
                seconds=answer.seconds,
                prompt_tokens=answer.prompt_tokens,
                completion_tokens=answer.completion_tokens,
                notes=dict(answer.notes),
            )
        )
        return answer, chosen

    # The stages: what an optimizer sees of an episode

    @tg.bundle
    async def look(self, video: str, question: str, selector: str) -> Candidates:
        """Encode the frames of the video, a step apart, and the question, if it is needed."""

        def read() -> Candidates:
            opened = Video(video)
            if not self.selectors[selector].looks:
                return unseen(opened, self.step_s)
            return look_at(opened, question, self.encoder, step_s=self.step_s, cache=self.cache)

        return await asyncio.to_thread(read)

    @tg.bundle
    def select(self, candidates: Candidates, selector: str, frames: int, seed: int) -> Selection:
        """Choose this many frames."""
        return self.selectors[selector].select(candidates, frames, seed)

    @tg.bundle
    async def show(self, env: VideoEnv, chosen: Selection) -> tuple[Frame, ...]:
        """Decode the chosen frames at full size."""
        seen: Seen = (await env.step(Look(chosen.times, self.longest, final=True))).observation
        return seen.frames

    @tg.bundle
    async def ask(
        self, prompt: str, question: str, options: Sequence[str], frames: tuple[Frame, ...]
    ) -> Answer:
        """Ask about the chosen frames."""
        listed = "\n".join(f"{letter}. {option}" for letter, option in letters(options))
        text = prompt.format(question=question, options=listed)
        return await self.answerer.answer(question, options, frames, text)

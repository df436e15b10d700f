"""A brain with eyes: UI-TARS's prompt and history, for any model that reads pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import tracegraph as tg
from tracegraph.agents.episode import Turn, versions
from tracegraph.agents.gui.brain import Decision, Moment, Shown
from tracegraph.agents.gui.texts import Texts, fill
from tracegraph.envs.desktop.actions import FormatError
from tracegraph.envs.desktop.codecs import Space, uitars

if TYPE_CHECKING:
    from tracegraph.envs.desktop.protocol import Frame
    from tracegraph.models import LLM

Counts = Literal["resized", "thousand", "pixels"]
_SPACES = {"resized": Space.resized, "thousand": Space.thousand, "pixels": Space.pixels}


class UiTars:
    """Decides from pictures, in the notation of UI-TARS.

    Args:
        llm: a model that reads pictures.
        texts: the prompts.
        images: pictures that the model sees at most, the newest; 5 as UI-TARS's own agent, 15 as
            ARPO trains with. All its earlier answers stay.
        counts: what the model's coordinates count in: pixels of the picture as Qwen2.5-VL
            resized it (UI-TARS 1.5), thousandths (UI-TARS 1), or pixels of the screen.
        temperature: of the answers.
        logprobs: keep token ids and log-probabilities, for training.
    """

    tree = False

    def __init__(
        self,
        llm: LLM,
        *,
        texts: Texts | None = None,
        images: int = 5,
        counts: Counts = "resized",
        temperature: float = 0.0,
        logprobs: bool = False,
    ) -> None:
        self.llm = llm
        self.texts = texts or Texts()
        self.images = images
        self.counts = counts
        self.temperature = temperature
        self.logprobs = logprobs

    @property
    def policy(self) -> dict[str, str]:
        """The model and the version of its prompt."""
        return {"model": self.llm.model} | versions(self.texts.values("uitars"))

    async def decide(
        self, instruction: str, frame: Frame, past: Sequence[Moment], *, seed: int = 0
    ) -> Decision:
        """Return the next step; an answer that cannot be read has a problem in it."""
        space = _SPACES[self.counts](frame.width, frame.height)
        opening = self.open(self.texts.uitars, instruction)
        kept: list[tuple[Turn, float]] = []
        shown = Shown(conversation(opening, frame, past, self.images))
        answer = await self.answer(opening, shown, not past, seed, kept)
        turn, cost = kept[0]
        try:
            reply = uitars.parse(answer, space)
        except FormatError as error:
            return Decision(problem=str(error), turn=turn, answer=answer, cost=cost)
        said = "; ".join(str(action) for action in reply.actions)
        return Decision(reply.thought, reply.actions, said, turn=turn, answer=answer, cost=cost)

    @tg.bundle
    def open(self, template: str, instruction: str) -> str:
        """Write the prompt with the task in it."""
        return fill(template, instruction=instruction)

    @tg.bundle
    async def answer(
        self, opening: str, shown: Shown, first: bool, seed: int, kept: list[tuple[Turn, float]]
    ) -> str:
        """The model answers with the next action."""
        options: dict[str, Any] = {"temperature": self.temperature, "max_tokens": 1024}
        if self.temperature:
            options["seed"] = seed
        completion = await self.llm.complete(
            shown.content, logprobs=self.logprobs, parent="gui", **options
        )
        told = [{"role": "user", "content": opening}] if first else []
        kept.append((Turn.of(told, completion), completion.cost))
        return completion.text


def conversation(
    opening: str, frame: Frame, past: Sequence[Moment], images: int
) -> list[dict[str, Any]]:
    """Return the messages of a step: the prompt, all answers, and the last pictures.

    Args:
        opening: the prompt.
        frame: the screen now.
        past: all steps, the oldest first.
        images: pictures at most, that of now among them.
    """
    from tracegraph.models import image

    messages: list[dict[str, Any]] = [{"role": "user", "content": opening}]
    first = len(past) - images + 1
    for number, moment in enumerate(past):
        if number >= first:
            messages.append({"role": "user", "content": [image(moment.frame.png)]})
        if moment.decision.turn is not None:
            messages.append({"role": "assistant", "content": moment.decision.turn.answer})
        if moment.told:
            messages.append({"role": "user", "content": moment.told})
    messages.append({"role": "user", "content": [image(frame.png)]})
    return messages

"""What decides: a screen and the past in, the next actions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tracegraph.agents.episode import Turn
from tracegraph.envs.desktop.actions import Action
from tracegraph.envs.desktop.protocol import Frame

if TYPE_CHECKING:
    from tracegraph.models import LLM


@dataclass(frozen=True, slots=True)
class Decision:
    """What an answer of a model means.

    Attributes:
        thought: why.
        actions: what to do, in order; none when the answer cannot be read.
        said: the step in words, for memory and people.
        problem: why the answer cannot be read.
        turn: the record of the call of the model; None where none was called.
        answer: what the model answered, as it came out of its recorded call.
        cost: of the call, in dollars.
    """

    thought: str = ""
    actions: tuple[Action, ...] = ()
    said: str = ""
    problem: str = ""
    turn: Turn | None = None
    answer: Any = None
    cost: float = 0.0


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """What a model is shown, pictures included; in graphs it is a word."""

    content: Any

    def __repr__(self) -> str:
        return "what is shown"


@dataclass(slots=True)
class Moment:
    """One step that is over: what was seen, decided, and told about it.

    Attributes:
        frame: the screen before the step.
        decision: what was decided.
        told: what became of it besides: why it was refused, what a person said.
    """

    frame: Frame
    decision: Decision
    told: str = ""


class Brain(Protocol):
    """Decides step by step; holds nothing of an episode, so that it serves many at a time.

    ``tree`` says whether it reads the accessibility tree; ``policy`` is what an episode's record
    keeps of who behaved.
    """

    tree: bool

    @property
    def llm(self) -> LLM | None:
        """The model that it asks, if any."""

    @property
    def policy(self) -> dict[str, str]:
        """What behaves: model and versions of prompts."""

    async def decide(
        self, instruction: str, frame: Frame, past: Sequence[Moment], *, seed: int = 0
    ) -> Decision:
        """Return the next step."""


@dataclass(slots=True)
class ScriptedBrain:
    """Does what it was told beforehand, for tests and demonstrations; then it is done."""

    script: Sequence[Action]
    tree: bool = False
    policy: dict[str, str] = field(default_factory=lambda: {"model": "scripted"})
    llm: LLM | None = None

    async def decide(
        self, instruction: str, frame: Frame, past: Sequence[Moment], **_: Any
    ) -> Decision:
        """Return the next action of the script."""
        from tracegraph.envs.desktop.actions import Done

        if len(past) >= len(self.script):
            return Decision(actions=(Done(),), said="done")
        action = self.script[len(past)]
        return Decision(actions=(action,), said=str(action))

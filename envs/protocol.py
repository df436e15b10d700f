"""What an environment is: reset, step, evaluate, close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

from tracegraph.errors import TracegraphError

Outcome = Literal["success", "failure", "format_error", "budget", "env_error", "eval_error"]

# Faults of the machine, not of the agent: run again, never counted as a score of 0.
RETRIED: frozenset[Outcome] = frozenset({"env_error", "eval_error"})

TaskT_contra = TypeVar("TaskT_contra", contravariant=True)
ActionT_contra = TypeVar("ActionT_contra", contravariant=True)
ObservationT = TypeVar("ObservationT")


class EnvError(TracegraphError):
    """The environment broke; the episode says nothing about the agent and is run again."""


class EvalError(TracegraphError):
    """The score could not be worked out; the episode is run again."""


@dataclass(frozen=True, slots=True)
class StepResult(Generic[ObservationT]):
    """What an action led to.

    Attributes:
        observation: what the agent sees next.
        done: the environment takes no further actions.
        info: what people and records want to know besides, as JSON values.
    """

    observation: ObservationT
    done: bool = False
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """How well a task was done.

    Attributes:
        value: from 0 to 1.
        parts: what it is made of, by name, on their own scales.
        feedback: what was wrong, as text for an optimizer or a person.
    """

    value: float
    parts: Mapping[str, float] = field(default_factory=dict)
    feedback: str = ""


class Env(Protocol[TaskT_contra, ActionT_contra, ObservationT]):
    """A place where an agent acts. One episode at a time; ``close`` leaves nothing behind.

    Every method raises EnvError when the environment itself fails, and ``evaluate`` EvalError
    when the score cannot be worked out.
    """

    async def reset(self, task: TaskT_contra, seed: int = 0) -> ObservationT:
        """Begin a task and return the first observation."""

    async def step(self, action: ActionT_contra) -> StepResult[ObservationT]:
        """Carry out an action."""

    async def evaluate(self) -> Score:
        """Return the score of what was done since the reset."""

    async def close(self) -> None:
        """End everything that was started."""

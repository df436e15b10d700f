"""What came back from a model, and how several answers become proposals."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from tracegraph.optimizers.proposal import Proposal

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping, Sequence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        values: those that can be applied and differ from the current ones.
        refused: the others, with the reason, by parameter; ``answer`` for a whole answer.
        reasoning: in the model's words.
        malformed: how many answers had the wrong form or held values that were refused.
        tokens: of all calls.
        shown: the messages of the last call.
    """

    values: Mapping[str, Any]
    refused: Mapping[str, str] = field(default_factory=dict)
    reasoning: str = ""
    malformed: int = 0
    tokens: int = 0
    shown: str = ""


def added(first: Answer, second: Answer, *, keep: bool) -> Answer:
    """Return the later of two answers, with what both took; ``keep`` the earlier values too."""
    values = {**first.values, **second.values} if keep else second.values
    refused = second.refused
    if keep and "answer" in second.refused:
        refused = first.refused  # the second answer says nothing: the first refusals stand
    return replace(
        second,
        values=values,
        refused={name: why for name, why in refused.items() if name not in values},
        reasoning=second.reasoning or first.reasoning,
        malformed=first.malformed + second.malformed,
        tokens=first.tokens + second.tokens,
    )


async def ask_all(questions: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Return the answers to questions that are asked at the same time.

    When some fail, as when the budget ends, the others are not lost.

    Raises:
        Exception: what the first question raised, when none was answered.
    """
    done = await asyncio.gather(*questions, return_exceptions=True)
    answers = [answer for answer in done if not isinstance(answer, BaseException)]
    errors = [error for error in done if isinstance(error, BaseException)]
    if errors and not answers:
        raise errors[0]
    return answers


def as_proposals(answers: Sequence[Answer], optimizer: str, count: int) -> list[Proposal]:
    """Return different proposals in the order of the answers, at most ``count``.

    What unusable answers took is charged to the first proposal; when there is no usable answer,
    the one proposal is without values.
    """
    kept: list[Answer] = []
    rest: list[Answer] = []
    for answer in answers:
        fresh = answer.values and all(answer.values != other.values for other in kept)
        (kept if fresh and len(kept) < count else rest).append(answer)
    if not kept and rest:
        kept, rest = [rest[0]], rest[1:]
    made = [
        Proposal(a.values, optimizer, a.reasoning, a.shown, a.refused, a.malformed, a.tokens)
        for a in kept
    ]
    if made and rest:
        made[0] = replace(
            made[0],
            malformed=made[0].malformed + sum(answer.malformed for answer in rest),
            tokens=made[0].tokens + sum(answer.tokens for answer in rest),
        )
    return made

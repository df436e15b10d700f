"""Which of several proposals to try first, as a model sees it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, create_model

from tracegraph import prompts
from tracegraph.graph.subgraph import shorten
from tracegraph.models.errors import SchemaError
from tracegraph.optimizers.problem import as_text
from tracegraph.optimizers.text import assignment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracegraph.models.client import LLM
    from tracegraph.optimizers.proposal import Proposal

_SHOWN = 1500  # characters of each value of a candidate


async def ranked(
    llm: LLM, problem: str, proposals: Sequence[Proposal], *, seed: int
) -> tuple[list[int], int, int]:
    """Return (positions, the best first; tokens; malformed answers) by one model call.

    What the model does not name, or all when it gives no order, keeps its place.
    """
    count = len(proposals)
    form = create_model(
        "Ranking",
        reasoning=(str, ...),
        order=(list[int], Field(min_length=1, max_length=count)),
    )
    reply, tokens, malformed = await _judge(llm, problem, proposals, form, seed, 1)
    named = [i - 1 for i in reply[0].order if 1 <= i <= count] if reply else []
    return list(dict.fromkeys([*named, *range(count)])), tokens, malformed


async def voted(
    llm: LLM, problem: str, proposals: Sequence[Proposal], *, seed: int, votes: int = 5
) -> tuple[list[int], int, int]:
    """Return (positions, those with the most votes first; tokens; malformed answers).

    The votes are several answers of one model call at temperature 1.
    """
    count = len(proposals)
    form = create_model("Vote", reasoning=(str, ...), best=(int, Field(ge=1, le=count)))
    reply, tokens, malformed = await _judge(llm, problem, proposals, form, seed, votes)
    ballots = Counter(vote.best - 1 for vote in reply)
    return sorted(range(count), key=lambda i: (-ballots[i], i)), tokens, malformed


async def _judge(
    llm: LLM,
    problem: str,
    proposals: Sequence[Proposal],
    form: type[BaseModel],
    seed: int,
    votes: int,
) -> tuple[list[Any], int, int]:
    candidates = "\n\n".join(_candidate(i, proposal) for i, proposal in enumerate(proposals, 1))
    text = prompts.load("optimizers/rank").format(problem=problem, candidates=candidates)
    temperature = 0.0 if votes == 1 else 1.0
    try:
        reply = await llm.complete(
            text, schema=form, seed=seed, n=votes, temperature=temperature, parent="optimizer"
        )
    except SchemaError:
        return [], 0, votes
    good = [choice.parsed for choice in reply.choices if choice.parsed is not None]
    return good, reply.usage.tokens, reply.repairs + len(reply.choices) - len(good)


def _candidate(number: int, proposal: Proposal) -> str:
    values = [
        assignment(name, shorten(as_text(value), _SHOWN), quoted=isinstance(value, str))
        for name, value in proposal.values.items()
    ]
    return "\n".join([f"--- Change {number} ---", *values])

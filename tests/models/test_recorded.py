"""The embedded model's real answers, recorded: run with TRACEGRAPH_CASSETTE=record to renew."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, Field

from tracegraph.models import LLM, Cassette
from tracegraph.models.testing import cassette  # noqa: F401  (a fixture)
from tracegraph.runs import Store


class Triage(BaseModel):
    kind: Literal["bug", "question", "praise"]
    urgency: int = Field(ge=1, le=5)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The app crashes whenever I click Save!", "bug"),
        ("How do I export my data to CSV?", "question"),
    ],
)
async def test_a_small_model_sorts_messages(
    text: str,
    kind: str,
    cassette: Cassette,  # noqa: F811
    store: Store,
) -> None:
    llm = LLM("local", cassette=cassette, store=store)
    answer = await llm.complete(
        "Sort the message. bug: something crashes or is wrong. question: the user asks how. "
        f"praise: the user is happy.\n\nMessage: {text}",
        schema=Triage,
        max_tokens=60,
    )
    assert answer.parsed is not None
    assert answer.parsed.kind == kind


async def test_samples_come_with_log_probabilities(
    cassette: Cassette,  # noqa: F811
    store: Store,
) -> None:
    llm = LLM("local", cassette=cassette, store=store, temperature=1, seed=3, max_tokens=5)
    answer = await llm.complete("Name an animal.", n=3, logprobs=True)
    assert len(answer.choices) == 3
    for choice in answer.choices:
        assert choice.token_ids
        assert choice.logprobs
        assert len(choice.token_ids) == len(choice.logprobs)

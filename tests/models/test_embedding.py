from __future__ import annotations

import pytest

from tracegraph import runs
from tracegraph.models import LLM, Budget, BudgetExceeded
from tracegraph.models.local.files import present
from tracegraph.runs import Store

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not present("minilm"), reason="not fetched: tracegraph models pull minilm"),
]

# Text, tokens, first numbers and sum, as transformers' BertModel gives them in fp32.
REFERENCE = [
    ("The cat sits on the mat.", 9, [0.134177, -0.0329, -0.024804, 0.041439], 0.087549),
    ("Ein Graph hat Knoten und Kanten.", 11, [-0.014849, 0.027543, -0.024074, -0.013257], 0.034262),
    ("def f(x): return x + 1", 12, [-0.047863, 0.063794, -0.010804, 0.014587], -0.088344),
    ("word " * 400, 256, [-0.008124, -0.095586, -0.038673, 0.049662], -0.785965),
]


async def test_embeddings_are_those_of_the_reference(store: Store) -> None:
    budget = Budget(tokens=4000)
    async with LLM("local", store=store, budget=budget) as llm:
        vectors = await llm.embed([text for text, _, _, _ in REFERENCE])
    for vector, (_, _, first, total) in zip(vectors, REFERENCE, strict=True):
        assert len(vector) == 384
        assert vector[:4] == pytest.approx(first, abs=1e-5)
        assert sum(vector) == pytest.approx(total, abs=1e-4)
        assert sum(x * x for x in vector) == pytest.approx(1, abs=1e-5)
    tokens = sum(tokens for _, tokens, _, _ in REFERENCE)
    assert budget.spent.tokens == tokens
    (call,) = runs.list_calls(store)
    assert (call.kind, call.prompt_tokens, call.cost) == ("embed", tokens, 0.0)


async def test_near_texts_are_near(store: Store) -> None:
    async with LLM("local", store=store) as llm:
        a, b, c = await llm.embed(["A cat sat.", "The feline was sitting.", "Stocks fell."])
        assert await llm.embed([]) == []

    def dot(x: list[float], y: list[float]) -> float:
        return sum(p * q for p, q in zip(x, y, strict=True))

    assert dot(a, b) > dot(a, c) + 0.3


async def test_a_budget_is_asked_first(store: Store) -> None:
    with pytest.raises(BudgetExceeded):
        await LLM("local", store=store).embed(["a"], budget=Budget(calls=0))


def test_the_sync_face(store: Store) -> None:
    assert len(LLM("local", store=store).embed_sync(["one"])[0]) == 384

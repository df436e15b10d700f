from __future__ import annotations

import itertools
from typing import Any

import pytest

from optimizers.fake_llm import FakeLLM, suggest
from optimizers.graphs import step
from tracegraph.models.request import Request
from tracegraph.optimizers import OptoPrimeMulti


def model(judgement: Any) -> FakeLLM:
    numbers = itertools.chain([0.1, 0.2, 0.2, 0.3], itertools.repeat(0.4))

    def behave(request: Request) -> Any:
        judged = "These changes" in str(request.messages[0]["content"])
        return judgement if judged else suggest(threshold=next(numbers))

    return FakeLLM(behave)


@pytest.mark.parametrize(
    ("select", "judgement", "order"),
    [
        ("rank", {"reasoning": "", "order": [3, 1]}, [0.3, 0.1, 0.2]),
        ("rank", {"reasoning": "", "order": [9, 3, 3]}, [0.3, 0.1, 0.2]),
        ("rank", "no idea", [0.1, 0.2, 0.3]),
        ("vote", {"reasoning": "", "best": 2}, [0.2, 0.1, 0.3]),
        ("first", None, [0.1, 0.2, 0.3]),
    ],
)
async def test_selection(select: Any, judgement: Any, order: list[float]) -> None:
    llm = model(judgement)
    found = await OptoPrimeMulti(llm=llm, select=select).propose(step(count=3))
    assert [p.values["threshold"] for p in found] == order
    assert {p.optimizer for p in found} == {"optoprime-multi"}


async def test_the_best_one_pays_for_all() -> None:
    llm = model({"reasoning": "", "order": [2]})
    (found,) = await OptoPrimeMulti(llm=llm).propose(step())
    assert found.values == {"threshold": 0.2}
    assert found.tokens == 15 * 5, "four samples and the ranking"

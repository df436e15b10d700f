from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from optimizers.fake_llm import FakeLLM
from tracegraph.models import BudgetExceeded
from tracegraph.optimizers.gepa_engine import Judged, optimize_with_gepa

pytest.importorskip("gepa")


async def evaluate(values: Mapping[str, str], names: Sequence[str]) -> list[Judged]:
    """Score how many of the wanted words the prompt has."""
    wanted = ("brief", "polite")
    score = sum(word in values["prompt"] for word in wanted) / len(wanted)
    return [Judged(score, f"answer to {name}", "be brief and polite") for name in names]


async def test_it_evolves_a_text() -> None:
    llm = FakeLLM(["```\nAnswer in a brief way.\n```", "```\nBe brief and polite.\n```"])
    found = await optimize_with_gepa(
        evaluate, {"prompt": "Answer."}, ["a", "b", "c"], ["d", "e"], llm, 60, seed=1
    )
    assert found["values"] == {"prompt": "Be brief and polite."}
    assert (found["seed_score"], found["score"]) == (0.0, 1.0)
    assert found["reflections"] >= 2
    assert found["metric_calls"] <= 60 + 8
    assert "be brief and polite" in llm.asked(0)
    assert found["parents"][0] == []


async def test_what_was_found_before_the_budget_ended_is_kept() -> None:
    calls = 0

    async def limited(values: Mapping[str, str], names: Sequence[str]) -> list[Judged]:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise BudgetExceeded("no more", budget="run", kind="calls")
        return await evaluate(values, names)

    llm = FakeLLM(["```\nAnswer in a brief way.\n```"])
    found = await optimize_with_gepa(
        limited, {"prompt": "Answer."}, ["a", "b", "c"], ["d"], llm, 60
    )
    assert found["values"] == {"prompt": "Answer."}
    assert found["stopped"] == "no more"

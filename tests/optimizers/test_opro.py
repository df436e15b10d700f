from __future__ import annotations

from optimizers.fake_llm import FakeLLM, suggest
from optimizers.graphs import parameters, step, trial
from tracegraph.optimizers import OPRO
from tracegraph.optimizers.opro import ascending

SCORES = [0.5, 0.9, 0.1, 0.7]


def history() -> list:  # type: ignore[type-arg]
    made = [trial(str(i), {"e": s}, prompt="p", threshold=s / 2) for i, s in enumerate(SCORES)]
    return [*made, trial("9", {}, prompt="p", threshold=0.0)]


async def test_the_history_ascends() -> None:
    llm = FakeLLM([suggest(threshold=0.99)])
    found = step(history=history(), focus=["threshold"], objective="Filter spam", round=1)
    (proposal,) = await OPRO(llm=llm).propose(found)
    assert proposal.values == {"threshold": 0.99}
    asked = llm.asked()
    places = [asked.index(f"score: {score:.3f}") for score in sorted(SCORES)]
    assert places == sorted(places)
    assert "Filter spam" in asked
    assert "label: spam" in asked, "what the parameter's call was given"
    assert llm.requests[0].sampling["temperature"] == 1


async def test_what_was_tried_is_refused() -> None:
    llm = FakeLLM([suggest(threshold=0.45), suggest(threshold=0.46)])
    given = parameters()
    found = step(
        given, values={"prompt": "p", "threshold": 0.05}, history=history(), focus=["threshold"]
    )
    (proposal,) = await OPRO(llm=llm).propose(found)
    assert proposal.values == {"threshold": 0.46}
    assert "tried before and scored 0.9" in llm.asked()


def test_only_the_best_and_each_value_once() -> None:
    twice = [*history(), trial("10", {"e": 0.95}, prompt="p", threshold=0.45)]
    found = step(history=twice)
    assert [t.score for t in ascending(found, ["threshold"], 3)] == [0.5, 0.7, 0.95]


async def test_it_wants_to_see_scores_between() -> None:
    assert OPRO(llm=FakeLLM([])).rounds(step()) == 3

from __future__ import annotations

import pytest
from hypothesis import given as randomly
from hypothesis import strategies as st

from optimizers.fake_llm import FakeLLM, suggest
from optimizers.graphs import classify, decide, parameters, problem, step, trial
from tracegraph.errors import TracegraphError
from tracegraph.optimizers import OptoPrime, Stepping, Trial
from tracegraph.optimizers.compact import LIMIT, compact_text


async def test_one_call_for_all_parameters() -> None:
    llm = FakeLLM([suggest(prompt="Label {message}", threshold=0.2)])
    (proposal,) = await OptoPrime(llm=llm).propose(step(objective="Filter spam"))
    assert proposal.values == {"prompt": "Label {message}", "threshold": 0.2}
    assert proposal.optimizer == "optoprime"
    assert "#Instruction\nFilter spam" in proposal.shown
    assert llm.requests[0].sampling["temperature"] == 0
    assert len(llm.requests) == 1


async def test_the_last_attempts_are_remembered() -> None:
    history = [trial(str(i), {"e1": i / 10}, threshold=i / 10, prompt="p") for i in range(6)]
    llm = FakeLLM([suggest(threshold=0.9)])
    await OptoPrime(llm=llm, memory=2).propose(step(history=history, candidate="5"))
    assert "threshold = 0.4\nscore: 0.400" in llm.asked()
    assert "score: 0.200" not in llm.asked()
    assert "score: 0.500" not in llm.asked(), "the candidate itself is the problem, no memory"


async def test_several_proposals_are_samples_with_seeds_of_their_own() -> None:
    numbers = iter([0.1, 0.2, 0.2])
    llm = FakeLLM(lambda request: suggest(threshold=next(numbers)))
    found = await OptoPrime(llm=llm).propose(step(count=3, seed=4))
    assert sorted(p.values["threshold"] for p in found) == [0.1, 0.2], "duplicates are dropped"
    assert len({request.sampling["seed"] for request in llm.requests}) == 3
    assert [r.sampling["temperature"] for r in llm.requests] == [0.0, 0.8, 0.8]


async def test_the_same_step_asks_the_same() -> None:
    hashes = []
    for _ in range(2):
        llm = FakeLLM([suggest(threshold=0.1)])
        await OptoPrime(llm=llm).propose(step(count=2, seed=4))
        hashes.append({request.hash for request in llm.requests})
    assert hashes[0] == hashes[1]


async def test_a_small_model_sees_one_text_and_few_examples() -> None:
    given = parameters()
    runs = [
        problem(given, f"buy {i}", "should be True", score=float(i % 2), example=str(i))
        for i in range(9)
    ]
    llm = FakeLLM([suggest(prompt="Label {message}")], model="local")
    found = await OptoPrime(llm=llm).propose(step(given, problems=runs, focus=["prompt"], count=2))
    assert found[0].values == {"prompt": "Label {message}"}
    asked = llm.asked(0)
    assert asked.count("Example") == 4
    assert "score 1" not in asked, "failures first"
    assert "message: buy 0" in asked
    assert "threshold" not in asked
    assert "must keep {message}" in asked
    assert llm.requests[0].sampling["temperature"] > 0


async def test_a_small_model_that_says_nothing_new_is_asked_again() -> None:
    same = suggest(prompt="Sort this: {message}")
    llm = FakeLLM([same, same, PARTS], model="local")
    (found,) = await OptoPrime(llm=llm).propose(step(focus=["prompt"], seed=0))
    assert found.values["prompt"].splitlines() == [
        "Say if it is spam (or not).",
        "- Offers are spam.",
        "One word.",
        "",
        "Sort this: {message}",
    ]
    assert found.reasoning == "It guessed."
    assert len(llm.requests) == 3


PARTS = {
    "mistake": "It guessed.",
    "task": "Say if it is spam {or not}.",
    "steps": ["Offers are\nspam."],
    "answer": "One word.",
}


async def test_samples_of_an_instruction_are_whole_or_in_parts_in_turn() -> None:
    llm = FakeLLM([PARTS], model="local")
    await OptoPrime(llm=llm).propose(step(focus=["prompt"], seed=1))
    assert [request.schema["title"] for request in llm.requests if request.schema] == ["Parts"]


async def test_numbers_of_a_small_model_are_asked_for_together() -> None:
    llm = FakeLLM([suggest(threshold=0.1)], model="local")
    (found,) = await OptoPrime(llm=llm).propose(step(focus=["threshold", "prompt"]))
    assert found.values == {"threshold": 0.1}
    assert "#Code" in llm.asked()
    assert len(llm.asked()) < 4000


@randomly(
    st.lists(st.tuples(st.text(max_size=3000), st.text(max_size=3000)), max_size=6),
    st.text(max_size=400),
)
def test_the_compact_form_keeps_to_its_limit(runs: list[tuple[str, str]], value: str) -> None:
    given = parameters()
    given["prompt"].update(value)
    found = step(given, problems=[problem(given, *run) for run in runs], objective="x" * 2000)
    assert len(compact_text(found, "prompt")) <= LIMIT


async def test_after_failed_attempts_a_small_model_turns_to_the_next() -> None:
    tried = [
        Trial("0", {}, {"e1": 0.0}),
        Trial("1", {}, {"e1": 0.0}, "0", optimizer="optoprime"),
        Trial("2", {}, {"e1": 0.0}, "9", optimizer="optoprime"),
    ]
    for history, names in ((tried[:1], ["prompt"]), (tried, ["threshold"])):
        llm = FakeLLM([suggest(threshold=0.1, prompt="Label {message}")], model="local")
        found = step(focus=["prompt", "threshold"], history=history, candidate="0")
        (proposal,) = await OptoPrime(llm=llm).propose(found)
        assert list(proposal.values) == names


async def test_nothing_to_say_without_problems() -> None:
    assert await OptoPrime(llm=FakeLLM([])).propose(step(problems=())) == []


def test_the_familiar_face() -> None:
    given = parameters()
    llm = FakeLLM([suggest(threshold=0.95), suggest(threshold=0.3)])
    optimizer = OptoPrime(given.values(), llm=llm)
    for expected in (0.95, 0.3):
        out = decide(classify(given["prompt"], "buy this"), given["threshold"])
        optimizer.zero_feedback()
        optimizer.backward(out, "it should be the other way round", score=0.0)
        assert optimizer.step() == {"threshold": expected}
        assert given["threshold"].data == expected
    assert "Earlier attempts" in llm.asked()
    optimizer.undo()
    assert given["threshold"].data == 0.95


async def test_stepping_where_a_loop_runs() -> None:
    given = parameters()
    optimizer = OptoPrime(given.values(), llm=FakeLLM([suggest(threshold=0.2)]))
    optimizer.backward(decide(classify(given["prompt"], "buy"), given["threshold"]), "no")
    assert await optimizer.astep() == {"threshold": 0.2}
    assert optimizer.step() == {}, "the model says the same again"


def test_stepping_needs_parameters_with_different_names() -> None:
    with pytest.raises(TracegraphError, match=r"OptoPrime\(\[prompt\]"):
        OptoPrime(llm=FakeLLM([])).step()
    with pytest.raises(TracegraphError, match="two parameters are called prompt"):
        Stepping([parameters()["prompt"], parameters()["prompt"]])

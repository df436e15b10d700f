"""Who proposes is a function of the history: by blame, by what came of it, never stuck for long."""

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest

import tracegraph as tg
from tracegraph.optimizers.hybrid import HybridOptimizer
from tracegraph.optimizers.numeric import NumericOptimizer
from tracegraph.optimizers.optimizer import Step, Trial
from tracegraph.optimizers.proposal import Proposal
from tracegraph.optimizers.turns import turns


@dataclass
class FakeWriter:
    """Proposes a text that was never there; notes what it was asked."""

    name: str = "writer"
    kinds: frozenset[str] = frozenset({"text", "code", "int", "float"})
    useful: bool = True
    asked: list[Step] = field(default_factory=list)

    def rounds(self, step):
        return 1

    async def propose(self, step):
        self.asked.append(step)
        values = {step.movable[0]: f"text {step.seed}"} if self.useful else {}
        return [Proposal(values, self.name, "in its words", tokens=10, malformed=1)]


def parameters():
    return {
        "prompt": tg.Parameter("say", name="prompt"),
        "threshold": tg.Parameter(0.5, name="threshold", low=0.0, high=1.0),
        "strict": tg.Parameter(False, name="strict"),
    }


def step(history=(), **options):
    found = parameters()
    values = {name: p.data for name, p in found.items()}
    first = Trial("0", values, {"a": 0.0})
    return Step(found, values, history=(first, *history), candidate="0", **options)


def trial(number, optimizer, accepted=False, **values):
    before = {"prompt": "say", "threshold": 0.5, "strict": False}
    return Trial(
        str(number), before | values, {"a": 0.0}, parent="0", accepted=accepted, optimizer=optimizer
    )


def hybrid(*writers, **options):
    return HybridOptimizer(
        text=list(writers), numeric=NumericOptimizer(sampler="random"), **options
    )


async def chosen(optimizer, base, seeds=200):
    """Return how often each optimizer had the turn, over many seeds."""
    found = Counter()
    for seed in range(seeds):
        [proposal] = await optimizer.propose(replace(base, seed=seed))
        found[proposal.optimizer] += 1
    return found


async def test_kinds_go_to_those_who_are_good_at_them():
    writer = FakeWriter()
    optimizer = hybrid(writer)
    for seed in range(30):
        [proposal] = await optimizer.propose(step(seed=seed))
        if proposal.optimizer == "numeric":
            assert proposal.values.keys() <= {"threshold", "strict"}
        else:
            assert proposal.values.keys() == {"prompt"}
    # The writer could change numbers as well, but that is the numeric optimizer's part.
    assert all(asked.focus == ["prompt"] for asked in writer.asked)


async def test_the_most_blamed_parameter_decides_at_first():
    by_number = await chosen(hybrid(FakeWriter()), step(focus=["threshold", "prompt"]))
    by_text = await chosen(hybrid(FakeWriter()), step(focus=["prompt", "threshold"]))
    assert by_number["numeric"] > by_number["writer"]
    assert by_text["writer"] > by_text["numeric"]


async def test_what_helped_gets_more_turns():
    helped = [trial(i, "writer", accepted=True) for i in range(1, 9)]
    failed = [trial(i, "numeric", threshold=i / 100) for i in range(20, 32)]
    found = await chosen(hybrid(FakeWriter()), step([*failed, *helped]))
    assert found["writer"] > 3 * found["numeric"]


async def test_on_a_plateau_the_next_one_has_the_turn_and_says_so():
    stuck = [trial(i, "writer") for i in (1, 2)]
    optimizer = hybrid(FakeWriter(), patience=2)
    found = await chosen(optimizer, step(stuck, focus=["prompt", "threshold"]), seeds=50)
    assert found == {"numeric": 50}
    [proposal] = await optimizer.propose(step(stuck, focus=["prompt"]))
    assert proposal.reasoning.startswith("no improvement in 2 turns by writer: numeric's turn")


async def test_an_improvement_by_anyone_ends_a_plateau():
    history = [*(trial(i, "writer") for i in (1, 2)), trial(3, "numeric", True, threshold=0.1)]
    found = await chosen(hybrid(FakeWriter()), step(history, focus=["prompt"]))
    assert found["writer"] > 0


async def test_when_all_are_stuck_the_longest_waiting_goes_first():
    history = [trial(i, "one") for i in (1, 2)] + [trial(i, "two") for i in (3, 4)]
    optimizer = hybrid(FakeWriter("one"), FakeWriter("two"))
    only_text = replace(step(history), parameters={"prompt": parameters()["prompt"]})
    assert (await optimizer.propose(only_text))[0].optimizer == "one"


async def test_a_turn_goes_on_with_who_began_it():
    history = [trial(1, "numeric", threshold=0.1)]
    optimizer = hybrid(FakeWriter())
    for seed in range(20):
        asked = step(history, focus=["prompt"], round=1, seed=seed)
        assert (await optimizer.propose(asked))[0].optimizer == "numeric"


async def test_rounds_are_those_of_whose_turn_it_is():
    optimizer = hybrid(FakeWriter())
    for seed in range(20):
        asked = step(seed=seed)
        [proposal] = await optimizer.propose(asked)
        assert optimizer.rounds(asked) == (12 if proposal.optimizer == "numeric" else 1)


async def test_who_has_no_idea_is_followed_by_the_next_and_charged():
    optimizer = hybrid(FakeWriter(useful=False))
    for seed in range(20):
        [proposal] = await optimizer.propose(step(seed=seed, focus=["prompt", "strict"]))
        assert proposal.optimizer == "numeric"
        if proposal.tokens:
            assert (proposal.tokens, proposal.malformed) == (10, 1)
            return
    pytest.fail("the writer was never asked")


async def test_who_can_change_nothing_is_not_asked():
    writer = FakeWriter()
    writer.rounds = lambda step: 0
    optimizer = hybrid(writer)
    for seed in range(20):
        asked = step(seed=seed, focus=["prompt"])
        assert optimizer.rounds(asked) == 12
        assert (await optimizer.propose(asked))[0].optimizer == "numeric"
    assert not writer.asked


async def test_without_any_idea_the_reason_comes_back():
    optimizer = HybridOptimizer(text=[FakeWriter(useful=False)], numeric=NumericOptimizer())
    only_text = replace(step(), parameters={"prompt": parameters()["prompt"]})
    [proposal] = await optimizer.propose(only_text)
    assert not proposal
    assert proposal.reasoning == "in its words"


async def test_the_same_history_and_seed_give_the_same_proposal():
    history = [trial(i, "writer") for i in range(3)]
    first = await hybrid(FakeWriter()).propose(step(history, seed=5, count=1))
    again = await hybrid(FakeWriter()).propose(step(history, seed=5, count=1))
    assert [p.to_json() for p in first] == [p.to_json() for p in again]


def test_turns_are_cut_at_their_length_and_know_what_improved():
    history = [
        trial(0, ""), trial(1, "numeric"), trial(2, "numeric", True), trial(3, "numeric"),
        trial(4, "writer"), trial(5, "writer"),
    ]  # fmt: skip
    found = [(t.optimizer, t.improved) for t in turns(history, {"numeric": 2})]
    assert found == [
        ("numeric", True), ("numeric", False), ("writer", False), ("writer", False),
    ]  # fmt: skip


def test_without_a_test_a_trial_is_compared_on_the_examples_it_shares():
    parent = Trial("0", {}, {"a": 1.0, "b": 0.0})
    better = Trial("1", {}, {"b": 0.5}, parent="0", optimizer="x")
    worse = Trial("2", {}, {"a": 0.5, "c": 1.0}, parent="0", optimizer="x")
    assert [t.improved for t in turns([parent, better, worse], {})] == [True, False]

"""One objective, any optimizer: what was tried is recorded, failures are no scores."""

import asyncio
import math
import threading
from dataclasses import dataclass, field

import pytest

import tracegraph as tg
from tracegraph.graph.errors import ParameterError
from tracegraph.models.errors import BudgetExceeded
from tracegraph.optimizers.hybrid import HybridOptimizer
from tracegraph.optimizers.numeric import NumericOptimizer
from tracegraph.optimizers.proposal import Proposal
from tracegraph.training.errors import TrainingError
from tracegraph.training.search import search, search_sync


@dataclass
class FakeOptimizer:
    """Proposes from a list of values; notes the steps."""

    plan: list[dict]
    name: str = "fake"
    kinds: frozenset[str] = frozenset({"text", "code", "float"})
    steps: list = field(default_factory=list)

    def rounds(self, step):
        return 1

    async def propose(self, step):
        self.steps.append(step)
        return [Proposal(self.plan.pop(0), self.name)] if self.plan else []


def number(value=0.5, name="x"):
    return tg.Parameter(value, name=name, low=0.0, high=1.0)


async def test_it_finds_the_best_and_touches_nothing():
    x = number()
    seen = []
    found = await search(
        lambda v: -((v["x"] - 0.2) ** 2), [x], NumericOptimizer(sampler="gp"), trials=25,
        on_trial=seen.append,
    )  # fmt: skip
    assert found.values["x"] == pytest.approx(0.2, abs=0.01)
    assert found.value == found.best.score
    assert x.data == 0.5
    assert x.version == 0
    assert (len(found.trials), list(found.trials), found.ended) == (25, seen, "trials")
    assert found.trials[0].values == {"x": 0.5}
    assert all(t.optimizer == "numeric" and t.parent for t in found.trials[1:])
    assert found.proposals.keys() == {t.id for t in found.trials[1:]}


def test_lower_can_be_better():
    found = search_sync(
        lambda v: (v["x"] - 0.2) ** 2, [number()], NumericOptimizer(sampler="gp"), trials=20,
        direction="minimize",
    )  # fmt: skip
    assert found.value == pytest.approx(0, abs=1e-3)
    assert found.best.score == -found.value
    assert found.trials[0].feedback["objective"] == "the number is 0.09; lower is better"


async def test_failures_have_no_score_and_say_why():
    def objective(values):
        if values["x"] > 0.4:
            raise ZeroDivisionError("too large")
        return math.nan if values["x"] < 0.1 else values["x"]

    optimizer = NumericOptimizer(sampler="random")
    found = await search(objective, [number()], optimizer, trials=30)
    for trial in found.trials:
        expected = trial.values["x"] <= 0.4 and trial.values["x"] >= 0.1
        assert (trial.score is not None) == expected
        assert bool(trial.problem) != expected
    assert "ZeroDivisionError: too large" in {t.problem for t in found.trials}
    assert "ValueError: the objective is nan" in {t.problem for t in found.trials}
    assert found.value is not None
    assert found.value > 0.3


async def test_when_everything_fails_the_first_is_the_best():
    def objective(values):
        raise OSError("no network")

    found = await search(objective, [number()], NumericOptimizer(), trials=3)
    assert found.value is None
    assert found.values == {"x": 0.5}


async def test_asynchronous_objectives_run_side_by_side():
    running, most = 0, 0

    async def objective(values):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return values["x"], "as said"

    found = await search(objective, [number()], NumericOptimizer(), trials=13, count=4)
    assert most == 4
    assert found.trials[-1].feedback == {"objective": "as said"}


async def test_plain_objectives_run_in_threads_when_several_are_wanted():
    meeting = threading.Barrier(2, timeout=10)
    x = number()

    @tg.bundle
    def double(value):
        return 2 * value

    def objective(values):
        if values["x"] != 0.5:
            meeting.wait()
        result = double(x)
        assert result == 2 * values["x"]
        return result

    found = await search(objective, [x], NumericOptimizer(), trials=5, count=2)
    assert not any(t.problem for t in found.trials)


async def test_functions_see_the_values_and_models_see_the_functions():
    prompt = tg.Parameter("Be brief.", name="prompt")

    @tg.bundle
    def answer(prompt):
        "Answer as the prompt says."
        return prompt.upper()

    optimizer = FakeOptimizer([{"prompt": "Be kind to me."}, {"prompt": "Be kind to everybody."}])
    found = await search(
        lambda values: (len(answer(prompt)), "longer!"), [prompt], optimizer, trials=9, about="Size"
    )
    assert found.values == {"prompt": "Be kind to everybody."}
    assert prompt.data == "Be brief."
    second = optimizer.steps[1]
    [problem] = second.problems
    assert problem.lines == ("answer0 = answer(prompt=prompt)",)
    assert problem.values == {"prompt": "Be kind to me."}
    assert problem.outputs == {"answer0": "BE KIND TO ME."}
    assert (problem.feedback, problem.score) == ("longer!", 14.0)
    assert second.objective == "Size\nMake the score as high as possible."
    assert second.history[-1].accepted
    assert found.ended == "exhausted"


async def test_learned_code_runs_and_its_errors_are_feedback():
    @tg.bundle(trainable=True)
    def size(n):
        return n

    def objective(values):
        return sum(size(n) for n in range(4))

    code = size.parameter
    optimizer = FakeOptimizer([
        {code.name: "def size(n):\n    return 1 // (n - 2)"},
        {code.name: "def size(n):\n    return n * n"},
    ])  # fmt: skip
    found = await search(objective, [code], optimizer, trials=3)
    assert [t.score for t in found.trials] == [6, None, 14]
    assert "ZeroDivisionError" in found.trials[1].problem
    assert size(3).data == 3


async def test_an_objective_without_bundled_functions_is_one_call():
    """The height."""
    optimizer = FakeOptimizer([])

    def height(values):
        "How high it flies."
        return values["x"]

    await search(height, [number()], optimizer, trials=2)
    [problem] = optimizer.steps[0].problems
    assert problem.lines == ("number = objective(x=x)",)
    assert problem.documentation == {"objective": "How high it flies."}
    assert problem.outputs == {"number": "0.5"}


async def test_values_that_come_again_are_not_tried_again_unless_it_is_noisy():
    calls = []

    def objective(values):
        calls.append(values["x"])
        return len(calls)

    plan = [{"x": 0.1}, {"x": 0.1}, {"x": 0.2}]
    found = await search(objective, [number()], FakeOptimizer(list(plan)), trials=4)
    assert calls == [0.5, 0.1, 0.2]
    assert [t.score for t in found.trials] == [1, 2, 2, 3]
    calls.clear()
    found = await search(objective, [number()], FakeOptimizer(list(plan)), trials=4, repeats=2)
    assert len(calls) == 8
    assert found.trials[1].scores == {"objective 1": 3, "objective 2": 4}


async def test_a_finite_space_ends_the_search():
    flag = tg.Parameter(False, name="flag")
    found = await search(lambda v: v["flag"], [flag], NumericOptimizer(), trials=50)
    assert (len(found.trials), found.ended, found.values) == (2, "exhausted", {"flag": True})


async def test_the_end_of_the_budget_keeps_what_was_found():
    class Poor(FakeOptimizer):
        async def propose(self, step):
            if len(step.history) == 2:
                raise BudgetExceeded("no money", budget="run", kind="dollars")
            return await super().propose(step)

    found = await search(lambda v: v["x"], [number()], Poor([{"x": 0.9}]), trials=9)
    assert (found.value, found.ended) == (0.9, "budget")


async def test_the_same_seed_gives_the_same_search():
    def run(seed):
        optimizer = HybridOptimizer(text=[], numeric=NumericOptimizer())
        return search(lambda v: -abs(v["x"] - 0.3), [number()], optimizer, trials=20, seed=seed)

    one, two, other = await run(1), await run(1), await run(2)
    assert one.trials == two.trials
    assert one.trials != other.trials


async def test_what_makes_no_sense_is_refused():
    with pytest.raises(ParameterError, match="two parameters are called x"):
        await search(lambda v: 0, [number(), number()], NumericOptimizer(), trials=2)
    with pytest.raises(TrainingError, match="trials=0"):
        await search(lambda v: 0, [number()], NumericOptimizer(), trials=0)

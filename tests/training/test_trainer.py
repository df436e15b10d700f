from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

import tracegraph as tg
from tracegraph import runs
from tracegraph.models import Budget
from tracegraph.models.scope import surroundings
from tracegraph.training.data import Example, Splits
from tracegraph.training.errors import TrainingError
from tracegraph.training.gate import pending, speak
from tracegraph.training.guides import make_guide
from tracegraph.training.settings import Settings
from tracegraph.training.trainer import Trainer
from tracegraph.training.workflow import Workflow
from training.fake_optimizer import FakeOptimizer

GOOD = {"limit": 0.3}
PLAIN = {"form": "{label}"}


def trainer(
    sample: Workflow, splits: Splits, store: runs.Store, optimizer: Any, **options: Any
) -> Trainer:
    settings = Settings(**{"steps": 4, "count": 1, "strategy": "basic", **options})
    guide = make_guide(by_label)
    return Trainer(sample, splits, guide, optimizer, store=store, settings=settings)


def by_label(output: str, expected: str) -> tuple[float, str]:
    """Whatever the form."""
    return float(output.strip("!<>") == expected), f"expected {expected}, got {output}"


def strict(output: str, expected: str) -> tuple[float, str]:
    """Half for the label, half for the form."""
    label = output.strip("!<>")
    score = 0.5 * (label == expected) + 0.5 * (output == label)
    return score, f"expected {expected}, got {output}"


async def test_it_finds_what_helps_and_proves_it(
    sample: Workflow, splits: Splits, store: runs.Store
) -> None:
    optimizer = FakeOptimizer({"limit": 0.9}, GOOD, PLAIN)
    made = Trainer(
        sample, splits, make_guide(strict), optimizer, store=store,
        settings=Settings(steps=5, count=1, strategy="basic"),
    )  # fmt: skip
    result = await made.train()
    assert result.improved
    assert dict(result.values) == {"limit": 0.3, "form": "{label}"}
    assert result.proof is not None
    assert result.proof.after.mean == 1.0
    assert result.proof.difference.low > 0.3
    assert result.accepted == 2
    # The worse proposal was screened on a minibatch and never tested.
    (worse,) = [t for t in optimizer.steps[-1].history if t.values["limit"] == 0.9]
    assert len(worse.scores) == made.settings.minibatch
    assert worse.accepted is None
    # The parameters themselves are as they were, until they are told.
    assert sample.values == {"limit": 0.8, "form": "{label}!"}
    with_values = result.apply()
    assert sample.values["limit"] == 0.3
    with_values.undo()
    assert sample.values["limit"] == 0.8


async def test_the_optimizer_sees_failures_feedback_and_blame_of_training_examples_only(
    sample: Workflow, splits: Splits, store: runs.Store
) -> None:
    optimizer = FakeOptimizer(GOOD)
    await trainer(sample, splits, store, optimizer).train()
    step = optimizer.steps[0]
    train = {example.id for example in splits.train}
    assert {problem.example for problem in step.problems} <= train
    assert all(set(trial.scores) <= train for s in optimizer.steps for trial in s.history)
    assert step.problems[0].score == 0.0
    assert "large" in step.problems[0].feedback
    assert step.problems[0].values == sample.values
    assert step.focus
    assert step.objective == "Say whether a number is large."


async def test_a_change_that_is_no_better_is_not_accepted_and_the_seed_is_returned(
    sample: Workflow, splits: Splits, store: runs.Store
) -> None:
    optimizer = FakeOptimizer({"limit": 0.79}, {"limit": 0.81}, {"form": "<{label}>"})
    result = await trainer(sample, splits, store, optimizer, patience=3).train()
    assert not result.improved
    assert result.values == result.seed.values
    assert result.accepted == 0
    assert "no change was shown to be better" in result.summary()
    run = runs.get_run(store, result.run)
    assert run is not None
    assert run.status == "finished"


async def test_equal_and_simpler_is_accepted(splits: Splits, store: runs.Store) -> None:
    text = tg.node("Say    it    plainly:    {}", trainable=True, name="text")

    @tg.bundle
    def fill(text: str, number: int) -> str:
        return str(text.format(number)).split()[-1]

    def echo(number: int) -> str:
        return fill(text, number)  # type: ignore[no-any-return]

    optimizer = FakeOptimizer({"text": "Say it as plainly as you can, please: {}"}, {"text": "{}"})
    made = Trainer(
        Workflow(echo, [text]), splits, make_guide(lambda output, expected: 0.5), optimizer,
        store=store, settings=Settings(steps=3, count=1),
    )  # fmt: skip
    result = await made.train()
    assert result.best.values == {"text": "{}"}
    (decision,) = runs.list_decisions(store, result.run)
    assert "the same on" in decision.payload["why"]
    # It is simpler, not better: nothing to claim on the test split.
    assert not result.improved


async def test_a_stopped_run_goes_on_and_repeats_nothing(
    sample: Workflow, splits: Splits, store: runs.Store, tmp_path: Path, monkeypatch: Any
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("SAMPLE_LOG", str(log))
    task = asyncio.create_task(
        trainer(sample, splits, store, FakeOptimizer(GOOD), concurrency=2).train()
    )
    while not log.exists() or len(log.read_text().splitlines()) < 20:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (run,) = runs.list_runs(store)
    assert run.status == "stopped"
    again = Trainer(
        sample, splits, make_guide(by_label), FakeOptimizer(GOOD), store=store, run=run.id,
        settings=Settings(steps=4, count=1, strategy="basic", concurrency=2),
    )  # fmt: skip
    result = await again.train()
    assert result.values["limit"] == 0.3
    rows = runs.list_evaluations(store, run.id)
    # At most what was in flight was run twice.
    assert len(log.read_text().splitlines()) <= len(rows) + 2
    done = await Trainer(
        sample, splits, make_guide(by_label), FakeOptimizer(GOOD), store=store, run=run.id,
        settings=Settings(steps=4, count=1, strategy="basic", concurrency=2),
    ).train()  # fmt: skip
    assert done.proof == result.proof
    assert len(runs.list_evaluations(store, run.id)) == len(rows)


async def test_a_person_can_refuse_and_the_reason_reaches_the_optimizer(
    sample: Workflow, splits: Splits, store: runs.Store
) -> None:
    optimizer = FakeOptimizer(GOOD, {"limit": 0.31})
    task = asyncio.create_task(trainer(sample, splits, store, optimizer, approve=True).train())

    async def waiting() -> str:
        while True:
            found = runs.list_runs(store)
            if found and (held := pending(store, found[0].id)):
                return f"{found[0].id} {held['candidate']}"
            await asyncio.sleep(0.01)

    run, first = (await waiting()).split()
    assert speak(store, run, approved=False, reason="too low for our customers") == first
    while (await waiting()).endswith(first):
        await asyncio.sleep(0.01)
    speak(store, run, approved=True)
    result = await task
    assert result.values["limit"] == 0.31
    refused = [t for t in optimizer.steps[-1].history if t.values["limit"] == 0.3]
    assert refused[0].accepted is False
    assert "too low for our customers" in refused[0].problem
    with pytest.raises(TrainingError, match="nothing waits"):
        speak(store, run, approved=True)


async def test_a_guide_that_fails_is_no_score_of_0(
    sample: Workflow, splits: Splits, store: runs.Store, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tracegraph.training.evaluator._PAUSE", 0.0)

    def broken(output: str, expected: str) -> float:
        raise ConnectionError("the judge is away")

    made = Trainer(sample, splits, make_guide(broken), FakeOptimizer(GOOD), store=store)
    with pytest.raises(TrainingError, match="the judge is away"):
        await made.train()
    assert runs.list_evaluations(store) == []
    assert runs.list_runs(store)[0].status == "failed"


async def test_a_workflow_that_raises_is_a_failure_with_feedback(
    splits: Splits, store: runs.Store
) -> None:
    limit = tg.Parameter(1, name="limit", low=0, high=9)

    @tg.bundle
    def check(number: int, limit: int) -> str:
        if limit == 1:
            raise ValueError(f"cannot work with {limit}")
        return "large" if number > 30 else "small"

    def work(number: int) -> str:
        return check(number, limit)  # type: ignore[no-any-return]

    optimizer = FakeOptimizer({"limit": 2})
    made = Trainer(
        Workflow(work, [limit]), splits, make_guide(by_label), optimizer, store=store,
        settings=Settings(steps=2, count=1),
    )  # fmt: skip
    result = await made.train()
    assert result.values["limit"] == 2
    assert "cannot work with 1" in optimizer.steps[0].problems[0].feedback
    rows = runs.list_evaluations(store, result.run, outcome="failure")
    assert rows
    assert all(row.score == 0 for row in rows)


async def test_time_that_is_up_ends_the_search_and_what_is_known_is_reported(
    sample: Workflow, splits: Splits, store: runs.Store
) -> None:
    def slow(output: str, expected: str) -> float:
        time.sleep(0.02)
        return by_label(output, expected)[0]

    made = Trainer(
        sample, splits, make_guide(slow), FakeOptimizer(GOOD), store=store,
        budget=Budget(seconds=0.2), settings=Settings(concurrency=1),
    )  # fmt: skip
    result = await made.train()
    assert "the budget ended (seconds)" in result.stopped
    assert not result.improved
    assert "nothing was proven" in result.summary()
    assert 1 <= len(runs.list_evaluations(store, result.run)) < 40
    assert result.spent.seconds < 2


async def test_scores_are_from_0_to_1(sample: Workflow, splits: Splits, store: runs.Store) -> None:
    made = Trainer(
        sample, splits, make_guide(lambda output, expected: 7), FakeOptimizer(GOOD), store=store
    )
    with pytest.raises(TrainingError, match="from 0 to 1"):
        await made.train()


def test_what_cannot_be_improved_is_said(
    sample: Workflow, splits: Splits, store: runs.Store
) -> None:
    numbers = FakeOptimizer(GOOD)
    numbers.kinds = frozenset({"text"})  # type: ignore[misc]
    with pytest.raises(TrainingError, match="use hybrid"):
        Trainer(sample, splits, make_guide(by_label), numbers, store=store)
    empty = Splits(splits.train, splits.validation, ())
    with pytest.raises(TrainingError, match="the test split is empty"):
        Trainer(sample, empty, make_guide(by_label), FakeOptimizer(GOOD), store=store)


async def test_nothing_recorded_is_said(splits: Splits, store: runs.Store) -> None:
    limit = tg.Parameter(0.5, name="limit", low=0, high=1)

    def plain(number: int) -> str:
        return "large"

    made = Trainer(
        Workflow(plain, [limit]), splits, make_guide(by_label), FakeOptimizer(GOOD), store=store
    )
    with pytest.raises(TrainingError, match="called no bundled function"):
        await made.train()


async def test_examples_that_do_not_fit_are_said(sample: Workflow, store: runs.Store) -> None:
    rows = tuple(Example(f"e{i}", {"figure": i, "unit": "m"}, "small") for i in range(9))
    made = Trainer(
        sample, Splits(rows[:3], rows[3:6], rows[6:]), make_guide(by_label), FakeOptimizer(GOOD),
        store=store,
    )  # fmt: skip
    with pytest.raises(tg.TracegraphError, match="figure, unit"):
        await made.train()


async def test_a_test_split_that_was_used_before_is_said(
    sample: Workflow, splits: Splits, store: runs.Store
) -> None:
    first = await trainer(sample, splits, store, FakeOptimizer(GOOD)).train()
    assert first.notes == ()
    second = await trainer(sample, splits, store, FakeOptimizer(GOOD)).train()
    assert "1 earlier run in" in second.notes[0]


async def test_a_better_candidate_that_takes_more_is_proven_all_the_same(
    splits: Splits, store: runs.Store
) -> None:
    thorough = tg.Parameter(False, name="thorough")
    shade = tg.Parameter(0, name="shade")

    @tg.bundle
    def decide(number: int, thorough: bool, shade: int) -> str:
        """Nearly right when it is thorough, and ten times as dear."""
        budget = surroundings().budget
        assert budget is not None
        budget.charge(tokens=1000 if thorough else 100)
        return "large" if number > (34 if thorough else 80) else "small"

    def workflow(number: int) -> str:
        return decide(number, thorough, shade)

    # The shades use up what the search may have.
    optimizer = FakeOptimizer({"thorough": True}, *({"shade": i} for i in range(1, 50)))
    made = Trainer(
        Workflow(workflow, [thorough, shade]), splits, make_guide(by_label), optimizer,
        store=store, budget=Budget(tokens=4 * 1100 * len(splits.test)),
        settings=Settings(steps=50, count=1, strategy="basic", patience=50),
    )  # fmt: skip
    result = await made.train()
    assert "budget" in result.stopped
    assert result.accepted == 1
    assert result.proof is not None
    assert result.proof.complete
    assert result.improved

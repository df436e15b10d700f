from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tracegraph import runs
from tracegraph.training.data import Splits
from tracegraph.training.guides import make_guide
from tracegraph.training.settings import Settings
from tracegraph.training.trainer import Trainer
from tracegraph.training.workflow import Workflow
from training.test_trainer import by_label


class FakeEngine:
    """Tries what it was told to and returns the best."""

    name = "fake-engine"
    kinds = frozenset({"float"})

    def __init__(self, *values: dict[str, Any]) -> None:
        self.values = values
        self.seen: list[tuple[dict[str, Any], list[float], list[str]]] = []
        self.calls = 0

    async def evolve(
        self, evaluate: Any, values: Mapping[str, Any], examples: Sequence[str], *, calls: int,
        seed: int,
    ) -> Mapping[str, Any]:  # fmt: skip
        self.calls = calls
        assert list(values) == ["limit"]
        for each in self.values:
            judged = await evaluate(each, examples)
            scores = [one.score for one in judged]
            self.seen.append((each, scores, [one.feedback for one in judged]))
        return max(self.seen, key=lambda found: sum(found[1]))[0]


async def test_what_an_engine_finds_is_tested_as_everything_else(
    sample: Workflow, splits: Splits, store: runs.Store
) -> None:
    engine = FakeEngine({"limit": 0.9}, {"limit": 7}, {"limit": 0.3})
    result = await Trainer(
        sample, splits, make_guide(by_label), engine, store=store, settings=Settings(probe=30)
    ).train()
    assert result.improved
    assert result.values["limit"] == 0.3
    assert result.accepted == result.tests == 1
    refused = engine.seen[1]
    assert set(refused[1]) == {0.0}
    assert "between 0 and 1" in refused[2][0]
    assert engine.calls == Settings().steps * 30
    # What it evaluated is in the store, on training examples only.
    (row, *_) = runs.list_evaluations(
        store, result.run, candidate=f"{result.run}:{result.best.name}"
    )
    assert row.split == "train"


async def test_an_engine_that_finds_nothing_leaves_the_seed(
    sample: Workflow, splits: Splits, store: runs.Store
) -> None:
    engine = FakeEngine({"limit": 0.9})
    result = await Trainer(sample, splits, make_guide(by_label), engine, store=store).train()
    assert not result.improved
    assert result.tests == 0

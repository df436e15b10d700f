from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tracegraph import runs
from tracegraph.models import Amount, Budget
from tracegraph.training.allowance import Taken, for_search
from tracegraph.training.errors import TrainingError
from tracegraph.training.job import Job, parse_budget


def test_budgets_are_read_as_people_write_them() -> None:
    assert parse_budget("tokens=2M, minutes=12,dollars=1.50,calls=5k") == {
        "tokens": 2_000_000, "seconds": 720, "dollars": 1.5, "calls": 5000,
    }  # fmt: skip
    assert parse_budget("") == {}
    for bad in ("tokens", "tokens=many", "weeks=2", "tokens=2x"):
        with pytest.raises(TrainingError, match="is no limit"):
            parse_budget(bad)


def test_the_search_leaves_what_the_proof_needs() -> None:
    budget = Budget(tokens=1000, calls=100)
    budget.charge(tokens=100, calls=10)
    seed = Taken(Amount(tokens=100, calls=10), 10)
    search = for_search(budget, [seed, seed], examples=10)
    assert search.remaining.tokens == 900 - 240
    assert search.remaining.calls == 90 - 24
    assert search.remaining.dollars is None
    search.charge(tokens=660)
    assert search.exhausted
    assert budget.remaining.tokens == 240


def test_the_proof_of_a_candidate_that_takes_more_is_paid_for_too() -> None:
    budget = Budget(tokens=1000)
    seed = Taken(Amount(tokens=10), 10)
    longer = Taken().and_also(Amount(tokens=20), 5).and_also(Amount(tokens=30), 5)
    search = for_search(budget, [seed, longer], examples=100)
    assert search.remaining.tokens == 1000 - 1.2 * 100 * (1 + 5)


def test_a_job_survives_the_store_and_notices_changes(tmp_path: Path, store: runs.Store) -> None:
    source, data = tmp_path / "flow.py", tmp_path / "data.jsonl"
    source.write_text("x = 1\n")
    data.write_text("{}\n")
    job = Job(f"{source}:work", str(data), budget={"tokens": 5.0}, inputs=("a",))
    run = runs.Run("optimize", config={**job.to_json(), "seed": {}})
    runs.start_run(store, run).result()
    stored = runs.get_run(store, run.id)
    assert stored is not None
    again = Job.from_run(stored)
    assert replace(again, source_hash="", data_hash="") == job
    data.write_text("{} \n")
    with pytest.raises(TrainingError, match=r"data\.jsonl has changed since run"):
        Job.from_run(stored)
    with pytest.raises(TrainingError, match="not started from the command line"):
        Job.from_run(runs.Run("optimize"))


def test_runs_are_found_by_the_beginning_of_their_id(store: runs.Store) -> None:
    for id in ("abc1", "abd2"):
        runs.start_run(store, runs.Run("optimize", id=id)).result()
    assert runs.find_run(store, "abc").id == "abc1"
    assert runs.find_run(store, "last").id == "abd2"
    for bad in ("ab", "x", "", "%"):
        with pytest.raises(runs.StoreError, match="tracegraph history"):
            runs.find_run(store, bad)

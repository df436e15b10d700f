"""Trainings as runs of the store: one that goes on stays the run it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracegraph.cli.train.recorded import recorded
from tracegraph.runs import Store, get_run, list_events, list_runs, note


def test_a_training_that_goes_on_stays_the_same_run(tmp_path: Path) -> None:
    path, folder = tmp_path / "runs.db", tmp_path / "tools"

    def break_off() -> None:
        with recorded(path, "train policy", folder, {"task": "tools"}, resume=False):
            note("training step", {"step": 1})
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        break_off()
    with Store(path) as store:
        (broken,) = list_runs(store)
    assert (broken.status, broken.name) == ("failed", "tools")
    with recorded(path, "train policy", folder, {"task": "tools"}, resume=True) as second:
        note("training step", {"step": 2})
        second.summary = {"after": 1.0}
    with recorded(path, "train policy", tmp_path / "other", {}, resume=True) as third:
        pass
    with Store(path) as store:
        ended = get_run(store, broken.id)
        steps = [event.payload["step"] for event in list_events(store, run=broken.id)]
        assert len(list_runs(store)) == 2
    assert second.id == broken.id != third.id
    assert ended is not None
    assert (ended.status, ended.summary, steps) == ("finished", {"after": 1.0}, [1, 2])


def test_outside_of_a_run_nothing_is_written(tmp_path: Path) -> None:
    note("training step", {"step": 1})
    assert list(tmp_path.iterdir()) == []

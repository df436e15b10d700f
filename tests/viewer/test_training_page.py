"""A training of weights on the page of its run: curves, a cut and a resumption, live."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.training.finished_run import HOSTILE
from tracegraph.runs import Run, Store, add_event, finish_run, start_run
from tracegraph.viewer import make_app
from tracegraph.viewer.data.training import measured
from tracegraph.viewer.exporting import export_run


def _begin(store: Store, step: int = 0, steps: int = 8) -> None:
    add_event(store, "training begun", {"step": step, "steps": steps}, run="weights").result()


def _step(store: Store, step: int, reward: float, **more: Any) -> None:
    told = {"step": step, "reward": reward, "loss": -0.1 * step, "entropy": 2.0 - 0.1 * step,
            "clipped": 0.01, "mismatch": 0.02, "mismatch_kl": 0.001, "zero_variance": 3,
            "all_failed": 1, "drawn": 4, "gradient": 1.0, "seconds": 3.0, **more}  # fmt: skip
    add_event(store, "training step", told, run="weights").result()


def _look(store: Store, step: int, **told: Any) -> None:
    add_event(store, "training evaluation", {"step": step, **told}, run="weights").result()


@pytest.fixture
def trained(store_path: Path) -> Path:
    """Return a store with a training that was killed after step 5 and goes on from step 4."""
    with Store(store_path) as store:
        start_run(store, Run("train policy", HOSTILE, id="weights", config={"task": HOSTILE}))
        _begin(store)
        _look(store, 0, check=0.1, held_out=0.25)
        for step in range(1, 6):
            _step(store, step, 0.1 * step)
        _begin(store, step=4, steps=12)
        _step(store, 5, 0.75)
    return store_path


def test_what_came_after_the_checkpoint_counts_no_more(trained: Path) -> None:
    with Store(trained) as store:
        found = measured(store, "weights")
        assert found.points("reward") == [(1, 0.1), (2, 0.2), (3, pytest.approx(0.3)), (4, 0.4),
                                          (5, 0.75)]  # fmt: skip
        assert (found.last, found.planned) == (5, 12)
        _begin(store)  # the folder was emptied: all of it counts no more
        found = measured(store, "weights")
    assert (list(found.steps), list(found.evaluations)) == ([], [])


def test_a_step_without_a_loss_leaves_a_gap(trained: Path) -> None:
    with Store(trained) as store:
        add_event(store, "training step", {"step": 6, "reward": 0.5}, run="weights").result()
        found = measured(store, "weights")
    assert [step for step, _ in found.points("loss")] == [1, 2, 3, 4, 5]
    assert all(math.isfinite(value) for _, value in found.points("reward"))


def test_parts_are_drawn_apart(store_path: Path) -> None:
    with Store(store_path) as store:
        start_run(store, Run("train tspo", "needles", id="weights")).result()
        for step in (0, 10):
            for part in ("clips", "events"):
                _look(store, step, held_out=part, accuracy=0.1 * step / 2, precision=0.5)
        found = measured(store, "weights")
        assert found.parts == ["clips", "events"]
        assert found.looks("accuracy", "clips") == [(0, 0), (10, 0.5)]
        assert found.looks("held_out") == []
    with TestClient(make_app(store_path, None), base_url="http://127.0.0.1") as client:
        page = client.get("/runs/weights").text
    assert "answers right, events" in page
    assert page.count("<figure") == 2


def test_a_training_as_one_file_and_beside_another(trained: Path, tmp_path: Path) -> None:
    with Store(trained) as store:
        finish_run(store, "weights", summary={"before": 0.25, "after": 1.0}).result()
        page = export_run(store, "weights", tmp_path / "run.html").read_text()
    assert page.count("<figure") == 8
    assert ".curve.shown {" in page
    assert "<script" not in page
    with TestClient(make_app(trained, None), base_url="http://127.0.0.1") as client:
        compared = client.get("/compare?run=weights&run=weights").text
    assert compared.count("held out, after") == 1
    assert compared.count("<figure") == 4  # one evaluation is no curve
    assert compared.count('<path d="M') == 8
    assert compared.count("<b>1.000</b>") == 2


@pytest.mark.slow
def test_the_page_follows_a_training(page: Any, trained: Path) -> None:
    page.goto("/runs/weights")
    page.locator(".beat.on").wait_for()
    assert page.locator("figure").count() == 8
    assert "5 / 12" in page.locator("#overview").inner_text()
    titles = page.locator("figure h3").all_inner_texts()
    assert "Share of groups that teach nothing" in titles
    drawing = page.locator("figure", has_text="Loss").locator("path.line")
    before = drawing.get_attribute("d")
    with Store(trained) as store:
        _step(store, 6, 0.9)
        _look(store, 6, check=0.875)
        page.locator("#overview", has_text="6 / 12").wait_for(timeout=20_000)
        assert drawing.get_attribute("d") != before
        assert "0.100 → 0.875" in page.locator("#overview").inner_text()
        add_event(store, "training end", {"step": 6, "held_out": 1.0, "stopped": "enough"},
                  run="weights").result()  # fmt: skip
        finish_run(store, "weights", summary={"before": 0.25, "after": 1.0}).result()
    page.locator("#overview", has_text="why it stopped").wait_for(timeout=20_000)
    page.get_by_text("The last 6 steps in numbers").click()
    assert page.locator("details[open] tbody tr").count() == 6
    page.goto("/runs")
    row = page.locator("tr", has_text="train policy")
    assert "0.250 → 1.000" in row.inner_text()
    assert page.locator("img[src=x]").count() == 0

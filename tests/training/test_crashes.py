"""kill -9 anywhere, resume: at most what was in flight is repeated, and the end is the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tracegraph import runs

SCRIPT = Path(__file__).with_name("crashing.py")
CONCURRENCY = 4


def run(store: Path, seed: int, writes: int, log: Path) -> int:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(store), str(seed), str(writes)],
        env={**os.environ, "SAMPLE_LOG": str(log)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def what_happened(path: Path) -> dict[str, Any]:
    """Return everything that a run found, without ids and times."""
    with runs.Store(path) as store:
        (only,) = runs.list_runs(store)
        return {
            "status": only.status,
            "summary": only.summary,
            "evaluations": sorted(
                (e.key, e.outcome, e.score) for e in runs.list_evaluations(store, only.id)
            ),
            "proposals": [
                (p.payload["place"], [q["values"] for q in p.payload["proposals"]])
                for p in runs.list_proposals(store, only.id)
            ],
            "decisions": [(d.verdict, d.payload) for d in runs.list_decisions(store, only.id)],
            "proof": runs.load_state(store, only.id, "proof"),
        }


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_is_not(
    seed: int, tmp_path: Path
) -> None:
    assert run(tmp_path / "whole.db", seed, 0, tmp_path / "whole.log") == 0
    whole = what_happened(tmp_path / "whole.db")
    assert whole["decisions"]
    chance = random.Random(seed)
    crashes = 0
    while run(tmp_path / "killed.db", seed, chance.randrange(1, 200), tmp_path / "killed.log"):
        crashes += 1
        assert crashes < 60
    assert crashes >= 2
    killed = what_happened(tmp_path / "killed.db")
    # An example that ran beside the one that ended a test may or may not have been finished.
    assert set(whole["evaluations"]) == set(killed["evaluations"])
    del whole["evaluations"], killed["evaluations"]
    assert killed == whole
    executed = [len((tmp_path / f"{n}.log").read_text().splitlines()) for n in ("whole", "killed")]
    assert executed[1] <= executed[0] + crashes * CONCURRENCY

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tracegraph.runs import Store
from tracegraph.training.data import Example, Splits, split
from tracegraph.training.workflow import Workflow, load_workflow

SAMPLE = Path(__file__).with_name("sample_workflow.py")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "runs.db") as opened:
        yield opened


@pytest.fixture
def sample() -> Workflow:
    """Return a workflow whose best values are limit 0.3 and the form without marks."""
    return load_workflow(str(SAMPLE))


@pytest.fixture
def splits() -> Splits:
    numbers = range(0, 200)
    return split(
        [
            Example(f"e{i}", {"number": i * 37 % 101}, "large" if i * 37 % 101 > 30 else "small")
            for i in numbers
        ]
    )

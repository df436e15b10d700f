from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.training.finished_run import finish
from tracegraph.runs import Store


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "project"
    folder.mkdir()
    with Store(folder / ".tracegraph" / "runs.db") as store:
        finish(folder, store)
    return folder


@pytest.fixture
def project(_finished: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a finished run, as it was left, and stand in it."""
    # At one path: the run remembers where its files are.
    kept = _finished.with_name("kept")
    if not kept.exists():
        shutil.copytree(_finished, kept)
    shutil.rmtree(_finished)
    shutil.copytree(kept, _finished)
    monkeypatch.chdir(_finished)
    return _finished

"""`tracegraph view` with a graph in a file, in a folder without a store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import tracegraph as tg
from tracegraph.graph.subgraph import Subgraph

COMMAND = [sys.executable, "-c", "from tracegraph.cli.main import main; main()", "view"]


@tg.bundle
def louder(text: str) -> str:
    """Shout."""
    return text.upper()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = louder(tg.node("hello", name="greeting", trainable=True))
    Subgraph.of([made]).save(tmp_path / "graph.json")
    (tmp_path / "other.json").write_text("{}")
    return tmp_path


def _view(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "TRACEGRAPH_STORE"}
    return subprocess.run(
        [*COMMAND, *args], cwd=folder, env=env, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip


def test_a_graph_is_written_into_one_page(folder: Path) -> None:
    done = _view(folder, "graph.html", "--export", "graph.json")
    assert (done.returncode, done.stdout.strip()) == (0, "graph.html")
    assert "greeting" in (folder / "graph.html").read_text()


def test_another_file_is_refused_in_one_sentence(folder: Path) -> None:
    for args in (["other.json"], ["out.html", "--export", "other.json"]):
        done = _view(folder, *args)
        assert done.returncode != 0
        assert "other.json: this is no graph" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_graph_needs_no_store_and_leaves_none(folder: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "TRACEGRAPH_STORE"}
    served = subprocess.Popen(
        [*COMMAND, "graph.json", "--port", "0", "--no-token"], cwd=folder, env=env, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert served.stdout is not None
        address = served.stdout.readline().split(": ")[1].strip()
        assert address.endswith("/graphs/file")
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert b"Graph of graph.json" in answer.read()
    finally:
        served.send_signal(signal.SIGINT)
        served.wait(60)
    assert sorted(path.name for path in folder.iterdir()) == ["graph.json", "other.json"]

"""A graph in a file: what is none is said, what changes is read again, progress is told."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import tracegraph as tg
from tests.viewer.conftest import TOKEN, served
from tracegraph.errors import TracegraphError
from tracegraph.graph.subgraph import Subgraph
from tracegraph.viewer import make_app
from tracegraph.viewer.exporting import export_graph
from tracegraph.viewer.graphs import Kept, read_graph
from tracegraph.viewer.graphs.sources import Source


@tg.bundle
def louder(text: str) -> str:
    """Shout."""
    return text.upper()


def _save(path: Path, calls: int) -> Path:
    made = tg.node("hello", name="greeting", trainable=True)
    for _ in range(calls):
        made = louder(made)
    return Subgraph.of([made]).save(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return _save(tmp_path / "<b>graph.json", 3)


@pytest.mark.parametrize(
    ("text", "told"),
    [("nope", "is not JSON"), ("[" * 100_000, "is not JSON"), ("{}", "this is no graph"),
     ('{"format": "tracegraph.graph", "version": 1, "nodes": 3}', "damaged"),
     (b"\xff\xfe\x00", "is not JSON")],
)  # fmt: skip
def test_what_is_no_graph_is_named(tmp_path: Path, text: str | bytes, told: str) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(TracegraphError, match=told) as caught:
        read_graph(path)
    assert "other.json" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TracegraphError, match=r"away\.json cannot be read"):
        read_graph(tmp_path / "away.json")


def test_a_changed_file_is_read_again(tmp_path: Path, file: Path) -> None:
    app = make_app(tmp_path / "runs.db", None, graph=file)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert "&lt;b&gt;graph.json" in client.get("/graphs/").text
        page = client.get("/graphs/file").text
        assert 'data-at="/graphs/file"' in page
        assert "<b>graph" not in page
        assert len(client.get("/graphs/file/data").json()["nodes"]) == 4
        assert client.get("/graphs/file/progress").json() == {"done": None}
        _save(file, 5)
        assert len(client.get("/graphs/file/data").json()["nodes"]) == 6
        file.unlink()
        assert "cannot be read" in client.get("/graphs/file/data").json()["problem"]
    with TestClient(make_app(tmp_path / "runs.db", None), base_url="http://127.0.0.1") as client:
        assert client.get("/graphs/file").status_code == 404


def test_how_much_is_laid_out_is_told_meanwhile(file: Path) -> None:
    graph, reading, kept = read_graph(file), threading.Event(), Kept()
    told: list[float | None] = []

    def read() -> tuple[Subgraph, dict[str, Any]]:
        reading.wait(60)
        return graph, {}

    source = Source("/graphs/file", "k", read)
    thread = threading.Thread(target=kept.get, args=(source, False))
    assert kept.done(source, False) is None
    thread.start()
    while not told or told[-1] is None:
        told.append(kept.done(source, False))
    reading.set()
    thread.join()
    assert told[-1] == 0.0
    assert kept.done(source, False) is None


def test_a_graph_as_one_file(tmp_path: Path, file: Path) -> None:
    page = export_graph(file, tmp_path / "deep" / "graph.html").read_text()
    assert "greeting" in page
    assert "src=" not in page
    (tmp_path / "x.json").write_text(json.dumps({"a": 1}))
    with pytest.raises(TracegraphError, match="this is no graph"):
        export_graph(tmp_path / "x.json", tmp_path / "x.html")
    assert not (tmp_path / "x.html").exists()


@pytest.mark.slow
def test_the_file_in_a_browser(browser: Any, tmp_path: Path, file: Path) -> None:
    with served(tmp_path / "runs.db", file) as address:
        page = browser.new_page()
        page.goto(f"{address}/graphs/file?token={TOKEN}")
        page.wait_for_url("**/graphs/file")
        page.wait_for_selector("html[data-ready]")
        assert page.locator("h1").inner_text() == "Graph of <b>graph.json"
        page.keyboard.press("/")
        page.keyboard.type("greet")
        page.locator("#hits", has_text="2 of 4").wait_for()  # it, and the call that names it
        page.keyboard.press("Enter")
        page.locator("aside h2", has_text="greeting").wait_for()
        assert page.locator("#state").inner_text() == ""
        page.close()

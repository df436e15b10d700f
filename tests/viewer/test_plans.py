"""Pages read indexes, not tables: the payloads of a long run are large."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tracegraph.runs import Store, add_event, find_run, sample_events
from tracegraph.viewer import make_app

_LARGE = ("evaluations", "calls", "events", "episodes")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    """Return what is read from stores, as it is read."""
    seen: list[tuple[str, Any]] = []
    fetch = Store.fetch

    def watched(store: Store, sql: str, values: Any = ()) -> Any:
        seen.append((sql, values))
        return fetch(store, sql, values)

    monkeypatch.setattr(Store, "fetch", watched)
    yield seen
    monkeypatch.undo()


def test_no_page_walks_through_a_large_table(
    store_path: Path, asked: list[tuple[str, Any]]
) -> None:
    with Store(store_path) as store:
        run = find_run(store, "last", kind="optimize").id
    pages = ["/runs", f"/runs/{run}", f"/runs/{run}/candidates", f"/runs/{run}/log",
             f"/compare?run={run}&run={run}", f"/graphs/?run={run}", "/graphs/", "/episodes/",
             f"/episodes/?run={run}&least=0.5&order=longest"]  # fmt: skip
    with TestClient(make_app(store_path, None), base_url="http://127.0.0.1") as client:
        for path in pages:
            assert client.get(path).status_code == 200
        store, walked = client.app.state.store, set()  # type: ignore[attr-defined]
        for sql, values in asked[:]:
            for row in store.fetch(f"EXPLAIN QUERY PLAN {sql}", values):
                words = row["detail"].split()
                if words[:1] == ["SCAN"] and "INDEX" not in words:
                    walked.add((words[1], sql))
    found = {sql for table, sql in walked if table in _LARGE or table == "e"}
    assert found == set()
    assert len(asked) > 40


def test_a_sample_has_both_ends_and_about_as_many_as_asked_for(store_path: Path) -> None:
    with Store(store_path) as store:
        for number in range(1001):
            last = add_event(store, "tick", {"number": number}, run="r")
        last.result()
        told = [event.payload["number"] for event in sample_events(store, "r", "tick", 100)]
        few = sample_events(store, "r", "tick", 5000)
        assert sample_events(store, "nobody", "tick", 10) == []
    assert (told[0], told[-1]) == (0, 1000)
    assert told == sorted(set(told))
    assert 90 <= len(told) <= 101
    assert len(few) == 1001

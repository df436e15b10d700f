"""Where a graph comes from: an evaluation of the store, or a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request

from tracegraph.errors import TracegraphError
from tracegraph.graph.export import from_json
from tracegraph.graph.subgraph import Subgraph
from tracegraph.runs import Store
from tracegraph.viewer.data import store_of

Blame = dict[str, tuple[float, str]]  # the share and the reason of calls and parameters, by name


@dataclass(frozen=True, slots=True)
class Source:
    """A graph that can be read.

    Attributes:
        at: the address of its page.
        key: another one when the content is another one.
        read: returns the graph, and the blame of its calls and parameters.
    """

    at: str
    key: str
    read: Callable[[], tuple[Subgraph, Blame]]


def source_of(request: Request) -> Source:
    """Return what a request is about: an evaluation by its id, or the file of the application.

    Raises:
        TracegraphError: no file was given.
    """
    id = request.path_params.get("evaluation")
    if id is None:
        path = file_of(request)
        return Source("/graphs/file", f"{path} {_changed(path)}", lambda: (read_graph(path), {}))
    store = store_of(request)
    return Source(f"/graphs/{quote(id, safe='')}", id, lambda: _stored(store, id))


def file_of(request: Request) -> Path:
    """Return the file of a graph that `tracegraph view` was given.

    Raises:
        TracegraphError: it was given none.
    """
    path: Path | None = request.app.state.graph
    if path is None:
        raise TracegraphError("no file was given: tracegraph view GRAPH.json")
    return path


def read_graph(path: Path) -> Subgraph:
    """Return the graph of a file.

    Raises:
        TracegraphError: there is no such file, or it holds no graph.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise TracegraphError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise TracegraphError(
            f"{path} is not JSON ({error}): name a file that `recording.graph().save('graph.json')`"
            " wrote"
        ) from error
    try:
        return from_json(document)
    except TracegraphError as error:
        raise TracegraphError(f"{path}: {error}") from error


def check_stored(store: Store, evaluation: str) -> None:
    """Raise TracegraphError when there is no such evaluation, or it kept no graph."""
    rows = store.fetch(
        "SELECT json_type(payload, '$.graph') FROM evaluations WHERE id = ?", [evaluation]
    )
    if not rows:
        raise TracegraphError(f"there is no evaluation {evaluation!r} in {store.path}")
    if rows[0][0] != "object":
        raise TracegraphError(f"evaluation {evaluation} kept no graph: nothing was recorded")


def _stored(store: Store, evaluation: str) -> tuple[Subgraph, Blame]:
    check_stored(store, evaluation)
    (row,) = store.fetch(
        "SELECT run, json_extract(payload, '$.graph') FROM evaluations WHERE id = ?", [evaluation]
    )
    return from_json(json.loads(row[1])), _blame(store, row[0])


def _blame(store: Store, run: str) -> Blame:
    """Return the blame that the last step of a run measured."""
    rows = store.fetch(
        "SELECT payload FROM events WHERE run = ? AND kind = 'step' ORDER BY id DESC LIMIT 1", [run]
    )
    found: Blame = {}
    for entry in json.loads(rows[0][0]).get("blame", []) if rows else []:
        found.setdefault(str(entry["name"]), (float(entry["share"]), str(entry["why"])))
    return found


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise TracegraphError(f"{path} cannot be read: {error.strerror}") from error

"""Which parameters to change: the measured blame of the calls that use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracegraph.graph.blame import blame
from tracegraph.graph.errors import GraphError
from tracegraph.graph.export import from_json

if TYPE_CHECKING:
    from tracegraph.graph.node import MessageNode, Node
    from tracegraph.graph.subgraph import Subgraph
    from tracegraph.training.evaluation import Evaluated


@dataclass(slots=True)
class StoredRun:
    """A record read back from the store, as blame looks at it."""

    nodes: list[MessageNode[Any]]
    read: list[tuple[Node[Any], Any]]

    @classmethod
    def of(cls, graph: Subgraph) -> StoredRun:
        """Return the run of a graph."""
        return cls(graph.calls, [(node, node.data) for node in graph.parameters])


def measured_blame(done: Sequence[Evaluated]) -> list[dict[str, Any]]:
    """Return calls and parameters with their share of the blame, the most blamed first.

    Empty when there is nothing to compare: no record, or too few.
    """
    usable = [one for one in done if one.graph is not None]
    runs = [StoredRun.of(from_json(one.graph)) for one in usable]
    pairs = [(run, one.score) for run, one in zip(runs, usable, strict=True) if run.nodes]
    if not pairs:
        return []
    try:
        found = blame(
            [run for run, _ in pairs],  # type: ignore[misc]
            [score for _, score in pairs],
        )
    except GraphError:
        return []
    return [
        {"name": e.name, "kind": e.kind, "share": e.score, "why": e.reason} for e in found.ranking
    ]


def focus(ranking: Sequence[Mapping[str, Any]], parameters: Sequence[str]) -> list[str]:
    """Return the parameters in the order of their blame; those that were not seen come last."""
    seen = [str(e["name"]) for e in ranking if e["kind"] == "parameter"]
    known = [name for name in seen if name in parameters]
    return [*known, *(name for name in parameters if name not in known)]

"""The runs as a table: for each place in the program and each run, what went in and came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tracegraph.graph.blame.alignment import align
from tracegraph.graph.blame.features import Features, features_of, features_of_call
from tracegraph.graph.errors import GraphError
from tracegraph.graph.node import ExceptionNode, MessageNode, Node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tracegraph.graph.recording import Recording


@dataclass(slots=True)
class Column:
    """One place in the program, with a row for each run; None where a run did not come to it.

    Attributes:
        key: the name of the place.
        nodes: its call in each run.
        arguments: the values that went in, by name.
        before, after: features of what went in and of what came out.
        parents: the keys of the places whose results went in, in any run.
        parameters: the names of the parameters that it used.
    """

    key: str
    nodes: list[MessageNode[Any] | None]
    arguments: list[dict[str, Any] | None]
    before: list[Features | None]
    after: list[Features | None]
    parents: set[str] = field(default_factory=set)
    parameters: dict[str, Node[Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Table:
    """The runs, side by side.

    Attributes:
        runs, scores: as given; a score is a number for every run.
        failed: the numbers of the runs whose score is below ``threshold``.
        columns: the places, by key, those nearest to the inputs first.
        last: the key of the output in each run.
    """

    runs: Sequence[Recording]
    scores: list[float]
    threshold: float
    columns: dict[str, Column]
    last: list[str]

    @property
    def failed(self) -> list[int]:
        """The runs with a score below the threshold."""
        return [i for i, score in enumerate(self.scores) if score < self.threshold]

    @property
    def good(self) -> list[int]:
        """The other runs."""
        return [i for i, score in enumerate(self.scores) if score >= self.threshold]


def tabulate(
    runs: Sequence[Recording],
    scores: Sequence[float | None] | None,
    threshold: float | None,
    output: Callable[[Recording], Node[Any]] | None,
) -> Table:
    """Align the runs and look at each value once.

    Raises:
        GraphError: no runs, a run without a call, or not one score for each.
    """
    if not runs:
        raise GraphError("blame needs recorded runs: record several and give their scores")
    if scores is not None and len(scores) != len(runs):
        raise GraphError(f"{len(runs)} runs with {len(scores)} scores: give one for each run")
    if empty := [i for i, run in enumerate(runs) if not run.nodes]:
        raise GraphError(f"run {empty[0]} has no recorded call, so nothing in it can be to blame")
    full = _complete(runs, scores, output)
    aligned = align(runs, output)
    middle = (min(full) + max(full)) / 2 if threshold is None else threshold
    columns: dict[str, Column] = {}
    keys_of = [{id(node): key for key, node in nodes.items()} for nodes in aligned]
    for i, nodes in enumerate(aligned):
        then = {id(node): value for node, value in runs[i].read}
        for key, node in nodes.items():
            column = columns.get(key)
            if column is None:
                column = columns[key] = Column(key, *[[None] * len(runs) for _ in range(4)])  # type: ignore[arg-type]
            arguments = _arguments(node, then)
            column.nodes[i] = node
            column.arguments[i] = arguments
            column.before[i] = features_of_call(arguments)
            column.after[i] = _after(node)
            for parent in node._flow():
                if id(parent) in keys_of[i]:
                    column.parents.add(keys_of[i][id(parent)])
                elif parent.trainable:
                    column.parameters[parent.name] = parent
    ends = [run.nodes[-1] if output is None else output(run) for run in runs]
    last = [keys[id(end)] for keys, end in zip(keys_of, ends, strict=True)]
    depth = {
        key: max(node.level for node in c.nodes if node is not None) for key, c in columns.items()
    }
    ordered = {key: columns[key] for key in sorted(columns, key=lambda key: depth[key])}
    return Table(runs, full, middle, ordered, last)


def _complete(
    runs: Sequence[Recording],
    scores: Sequence[float | None] | None,
    output: Callable[[Recording], Node[Any]] | None,
) -> list[float]:
    """Put the lowest score where there is none: the run ended in an exception."""
    if scores is None:
        ends = [run.nodes[-1] if output is None else output(run) for run in runs]
        return [0.0 if isinstance(end, ExceptionNode) else 1.0 for end in ends]
    known = [float(s) for s in scores if s is not None]
    low = min(known, default=0.0)
    if known and len(known) < len(scores) and low == max(known):
        low -= 1.0  # all that ended well are equally good; those that did not are worse
    return [low if s is None else float(s) for s in scores]


def _arguments(node: MessageNode[Any], then: Mapping[int, Any]) -> dict[str, Any]:
    receiver = node._receiver()
    return {
        name: then.get(id(given), given._data)
        for name, given in node.inputs.items()
        if name != "__code" and given._data is not receiver
    }


def _after(node: MessageNode[Any]) -> Features:
    if isinstance(node, ExceptionNode):
        return {"it raised": "True"}
    return {"it raised": "False"} | features_of(node._data, "its result")

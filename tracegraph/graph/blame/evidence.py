"""What the record alone says about each call: associations, and laws that it breaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tracegraph.graph.blame.association import NOTHING, Split, best_split, beyond
from tracegraph.graph.blame.laws import UNKNOWN, Law, find_law, same
from tracegraph.graph.node import ExceptionNode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracegraph.graph.blame.features import Features
    from tracegraph.graph.blame.table import Column, Table


@dataclass(slots=True)
class Evidence:
    """What speaks against one call, from the record alone.

    Attributes:
        inputs, output: how what went in, and what came out, goes with the score.
        own: how what came out goes with the part of the score that the inputs do not explain.
        law: what it returns as a rule in good runs; None when no rule was found.
        broken: the runs in which it broke the law, was not what was expected, or raised.
        deviation: how breaking it goes with low scores.
        raised: the failed runs in which it raised.
        inherited: the largest deviation among the calls that it depends on.
        checked: in how many failed runs the user said what it should have returned.
        astray: the share of these in which it returned something else, with right arguments as
            far as the user said.
    """

    inputs: Split = NOTHING
    output: Split = NOTHING
    own: Split = NOTHING
    law: Law | None = None
    broken: list[int] = field(default_factory=list)
    deviation: Split = NOTHING
    raised: int = 0
    inherited: float = 0.0
    checked: int = 0
    astray: float = 0.0


def observe(
    table: Table,
    expected: Sequence[Mapping[str, Any]] | None = None,
    chosen: Sequence[int] | None = None,
) -> dict[str, Evidence]:
    """Return the evidence for each place.

    Args:
        table: the runs.
        expected: for each run, what some places should have returned.
        chosen: look at these runs only; by default at all.
    """
    runs = range(len(table.runs)) if chosen is None else chosen
    scores = [table.scores[i] for i in runs]
    good = set(table.good)
    failed = set(table.failed)
    found: dict[str, Evidence] = {}
    wrong: dict[str, set[int]] = {}
    for key, column in table.columns.items():
        seen = found[key] = Evidence(
            inputs=best_split([column.before[i] for i in runs], scores),
            output=best_split([column.after[i] for i in runs], scores),
        )
        after = [column.after[i] for i in runs]
        seen.own = best_split(after, beyond(seen.inputs, scores))
        seen.raised = sum(isinstance(column.nodes[i], ExceptionNode) and i in failed for i in runs)
        seen.law = find_law([s for i in runs if i in good and (s := _sample(column, i))])
        seen.broken = [i for i in runs if _breaks(column, seen.law, i)]
        # Who gets wrong values returns wrong values: only the first is to blame.
        before: set[int] = set().union(*[wrong.get(p, set()) for p in column.parents])
        wrong[key] = set(before)
        if expected is not None:
            told = [i for i in runs if key in expected[i] and column.nodes[i] is not None]
            wrong[key] |= {i for i in told if not _as_expected(column, expected[i], i)}
            seen.checked = len(failed.intersection(told))
            astray = failed.intersection(wrong[key] - before)
            seen.astray = len(astray) / seen.checked if seen.checked else 0.0
        seen.deviation = _harm(seen.broken, runs, scores)
        # Runs that differ may put a place before another in one, and after it in the next.
        parents = [found[p] for p in column.parents if p in found]
        seen.inherited = max((max(p.deviation.strength, p.inherited) for p in parents), default=0.0)
    return found


def _sample(column: Column, i: int) -> tuple[dict[str, Any], Any] | None:
    node, arguments = column.nodes[i], column.arguments[i]
    if node is None or arguments is None or isinstance(node, ExceptionNode):
        return None
    return arguments, node._data


def _breaks(column: Column, law: Law | None, i: int) -> bool:
    if isinstance(column.nodes[i], ExceptionNode):
        return True
    sample = _sample(column, i)
    if law is None or sample is None:
        return False
    should = law.predict(sample[0])
    return should is not UNKNOWN and not same(should, sample[1])


def _as_expected(column: Column, expected: Mapping[str, Any], i: int) -> bool:
    sample = _sample(column, i)
    return sample is not None and bool(sample[1] == expected[column.key])


def _harm(broken: Sequence[int], runs: Sequence[int], scores: Sequence[float]) -> Split:
    inside = set(broken)
    rows: list[Features | None] = [{"it": "broken" if i in inside else "kept"} for i in runs]
    split = best_split(rows, scores)
    return split if split.text in ("it is broken", "it is not kept") else NOTHING

"""Counterfactual evidence: runs replayed with another result in place of a call's."""

from __future__ import annotations

import math
import random
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tracegraph.graph.blame.laws import UNKNOWN, same
from tracegraph.graph.node import ExceptionNode, MessageNode
from tracegraph.graph.replay import replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tracegraph.graph.blame.evidence import Evidence
    from tracegraph.graph.blame.laws import Law
    from tracegraph.graph.blame.table import Column, Table

    Scorer = Callable[[Any], float]

_FAILED, _GOOD = 12, 8  # how many runs of either sort are replayed for each call
_DONORS = 3


@dataclass(frozen=True, slots=True)
class Trials:
    """How replacing the results of a call changed the score.

    Attributes:
        way: where the other values came from that helped most, in words.
        count: how many runs were replayed with them, failed and good ones.
        gain: the mean change of the score in failed runs, plus the mean change in good ones.
        error: the standard error of ``gain``.
        saved: the failed runs that became good, of how many.
        failed: how many of the runs were failed ones.
        by_rule: the gain of what the call gives as a rule in good runs, pulled towards 0.
        rescued: the failed runs that some other value, whichever, made good.
        replayed: of how many.
        fixable: their share, pulled towards 0.
        matters, matters_else: how often another value changed the output, in failed and in good
            runs. What does not change the output of a failed run is not its cause.
    """

    way: str = ""
    count: int = 0
    gain: float = 0.0
    error: float = 0.0
    saved: int = 0
    failed: int = 0
    by_rule: float = 0.0
    rescued: int = 0
    replayed: int = 0
    fixable: float = 0.0
    matters: float = 0.0
    matters_else: float = 0.0

    @property
    def shrunk(self) -> float:
        """The gain, pulled towards 0 as two more trials without any would: few prove little."""
        return self.gain * self.failed / (self.failed + 2)


UNTRIED = Trials()


class Laboratory:
    """Replays runs within a number of calls.

    Attributes:
        made: the calls made again so far.
        unscored: replays whose output could not be scored for certain.
    """

    def __init__(
        self,
        table: Table,
        scorers: Sequence[Scorer],
        expected: Sequence[Mapping[str, Any]] | None,
        limit: int,
        skip: Callable[[MessageNode[Any]], bool] | None,
        seed: int,
    ) -> None:
        self.table, self.scorers, self.expected = table, scorers, expected
        self.limit, self.skip = limit, skip
        self.made = self.unscored = 0
        order = list(range(len(table.runs)))
        random.Random(seed).shuffle(order)
        failed, good = set(table.failed), set(table.good)
        self.failed = [i for i in order if i in failed][:_FAILED]
        self.good = [i for i in order if i in good][:_GOOD]

    def examine(self, column: Column, seen: Evidence) -> Trials:
        """Return what other results would have done."""
        failed = [done for i in self.failed if (done := self._try(column, seen.law, i))]
        good = [done for i in self.good if (done := self._try(column, seen.law, i))]
        lowest, highest = self.table.threshold, max(self.table.scores)
        best, by_rule = UNTRIED, 0.0
        for way in dict.fromkeys(way for done in failed for way in done):
            gains = [done[way].gain for done in failed if way in done]
            losses = [done[way].gain for done in good if way in done]
            saved = sum(done[way].score >= lowest for done in failed if way in done)
            trials = Trials(
                way, len(gains) + len(losses), _mean(gains) + _mean(losses),
                math.hypot(_error(gains, highest), _error(losses, highest) if losses else 0.0),
                saved, len(gains),
            )  # fmt: skip
            if way == _RULE:
                by_rule = trials.shrunk
            if best is UNTRIED or trials.shrunk > best.shrunk:
                best = trials
        rescued = sum(any(o.score >= lowest for o in done.values()) for done in failed)
        return replace(
            best,
            by_rule=by_rule,
            rescued=rescued,
            replayed=len(failed),
            fixable=rescued / (len(failed) + 2),
            matters=_changes(failed),
            matters_else=_changes(good),
        )

    def _try(self, column: Column, law: Law | None, i: int) -> dict[str, _Outcome]:
        """Replay a run with each other value there is."""
        node = column.nodes[i]
        if node is None:
            return {}
        found: dict[str, _Outcome] = {}
        known: dict[str, _Outcome | None] = {}
        for way, value in self._values(column, law, i):
            if not _raised(node) and same(value, node._data):
                found[way] = _Outcome(self.table.scores[i], 0.0, None)
                continue
            key = repr(value)
            if key not in known:
                known[key] = self._outcome(node, i, value)
            if (outcome := known[key]) is not None:
                found[way] = outcome
        return found

    def _values(self, column: Column, law: Law | None, i: int) -> Iterator[tuple[str, Any]]:
        if self.expected is not None and column.key in self.expected[i]:
            yield "what was expected", self.expected[i][column.key]
            return
        should = UNKNOWN if law is None else law.predict(column.arguments[i] or {})
        if should is not UNKNOWN:
            yield _RULE, should
        node = column.nodes[i]
        value = None if node is None or _raised(node) else node._data
        yield from zip(_SIMILAR, self._donors(column, i), strict=False)
        if type(value) is bool:
            yield "the opposite", not value
        elif type(value) is int:
            yield from (("one more", value + 1), ("one less", value - 1))
        elif type(value) is list and value:
            yield "all but its last item", value[:-1]

    def _outcome(self, node: MessageNode[Any], i: int, value: Any) -> _Outcome | None:
        """Return what a run would have scored; None when that cannot be told."""
        table = self.table
        if self.made >= self.limit:
            return None
        made = replay(table.runs[i], {node: value}, limit=self.limit - self.made, skip=self.skip)
        self.made += made.calls
        last = table.last[i]
        end = table.columns[last].nodes[i]
        assert end is not None
        if end in made.errors or (end in made.not_computed and made.errors):
            score: float | None = min(table.scores)
            changed = not _raised(end)
        elif end in made.not_computed or any(end is other for other in made.uncertain):
            self.unscored += 1
            return None
        elif _raised(end):
            changed = made.changed(end)
            score = self._passed(last) if changed else table.scores[i]
        else:
            output = made.value(end)
            changed = not same(output, end._data)
            # The same output keeps its score: a judge is not asked twice.
            score = float(self.scorers[i](output)) if changed else table.scores[i]
        return None if score is None else _Outcome(score, score - table.scores[i], changed)

    def _passed(self, key: str) -> float | None:
        """The run ended in an error that is gone now: return how such runs score on average."""
        nodes = self.table.columns[key].nodes
        passed = [s for n, s in zip(nodes, self.table.scores, strict=True)
                  if n is not None and not _raised(n)]  # fmt: skip
        if not passed:
            self.unscored += 1
        return statistics.fmean(passed) if passed else None

    def _donors(self, column: Column, i: int) -> list[Any]:
        """Return different results of good runs, those with the most similar arguments first."""
        mine = column.before[i] or {}
        alike: list[tuple[float, int]] = []
        for j in self.table.good:
            node, other = column.nodes[j], column.before[j]
            if j != i and node is not None and other is not None and not _raised(node):
                alike.append((-sum(_close(x, other.get(name)) for name, x in mine.items()), j))
        found: dict[str, Any] = {}
        for _, j in sorted(alike):
            value = column.nodes[j]._data  # type: ignore[union-attr]
            found.setdefault(repr(value), value)
            if len(found) == _DONORS:
                break
        return list(found.values())


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The score of a replay, its change, and whether the output changed; None: not tried."""

    score: float
    gain: float
    changed: bool | None


_RULE = "what it gives as a rule in good runs"
_SIMILAR = [f"that of the {which}most similar good run" for which in ("", "second ", "third ")]


def _close(x: float | str, y: float | str | None) -> float:
    if isinstance(x, float) and isinstance(y, float):
        return 1 / (1 + abs(x - y))
    return float(x == y)


def _raised(node: MessageNode[Any]) -> bool:
    return isinstance(node, ExceptionNode)


def _changes(done: Sequence[Mapping[str, _Outcome]]) -> float:
    """Return how often another value changed the output; each run counts as one."""
    shares = []
    for outcomes in done:
        tried = [o.changed for o in outcomes.values() if o.changed is not None]
        if tried:
            shares.append(sum(tried) / len(tried))
    return sum(shares) / (len(shares) + 1) if shares else 0.0


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else 0.0


def _error(values: Sequence[float], scale: float) -> float:
    # With the spread of a score between 0 and ``scale`` as one more observation: never exactly 0.
    spread = statistics.pvariance(values) * len(values) + scale * scale / 4
    return math.sqrt(spread / (len(values) * (len(values) + 1)))

"""``blame``: rank the calls and parameters of recorded runs by how likely they cause bad scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracegraph.graph.blame.association import best_split
from tracegraph.graph.blame.combination import OBSERVED, REPLAYED, describe, direct, shares
from tracegraph.graph.blame.evidence import observe
from tracegraph.graph.blame.features import Features, features_of
from tracegraph.graph.blame.report import Blame, Entry, reason
from tracegraph.graph.blame.table import Table, tabulate
from tracegraph.graph.blame.trials import UNTRIED, Laboratory, Trials
from tracegraph.graph.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracegraph.graph.blame.evidence import Evidence
    from tracegraph.graph.blame.trials import Scorer
    from tracegraph.graph.node import MessageNode, Node
    from tracegraph.graph.recording import Recording

_FEWEST = 8  # with fewer runs, or only good or only bad ones, there is nothing to compare


def blame(
    runs: Sequence[Recording],
    scores: Sequence[float | None] | None = None,
    *,
    replay: Scorer | Sequence[Scorer] | None = None,
    expected: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    threshold: float | None = None,
    output: Callable[[Recording], Node[Any]] | None = None,
    limit: int = 10_000,
    skip: Callable[[MessageNode[Any]], bool] | None = None,
    resamples: int = 10,
    seed: int = 0,
) -> Blame:
    """Rank the calls and parameters of recorded runs by how likely they cause bad scores.

    Only calls that the output depends on can be to blame. A broken call is one whose inputs tell
    when the run fails, better than those of the calls before it; which breaks in the failed runs
    a rule that it keeps in the good ones; or which raises. With ``replay``, runs are made again
    with another result in place of the call's, and the change of the score counts too.

    Args:
        runs: recordings of one program; they may branch and loop differently.
        scores: one for each, higher is better; None counts as the lowest. Without scores, a run
            that ended in an exception scores 0, and any other 1.
        replay: from the output's value, its score; or one such function for each run. It is
            called with what the output would have been.
        expected: what calls should have returned, by key; for all runs, or for each.
        threshold: below it a run failed; by default the middle between the lowest and highest.
        output: what the score is about; by default the call that finished last.
        limit: how many calls may be made again, at most.
        skip: calls that must not be made again.
        resamples: how often the record is looked at again without a part of the runs, for the
            interval of the score; 0 for no intervals.
        seed: for the choice of runs to replay.

    Raises:
        GraphError: no runs, a run without calls, or not one score or scorer for each run.
    """
    table = tabulate(runs, scores, threshold, output)
    wanted = _each(expected, len(runs), "expected values")
    seen = observe(table, wanted)
    trials: dict[str, Trials] | None = None
    result = Blame([], len(runs), len(table.failed))
    if replay is not None and table.failed:
        scorers = _each(replay, len(runs), "scorers")
        laboratory = Laboratory(table, scorers or [], wanted, limit, skip, seed)
        trials = {}
        # The most suspect first: the limit may end it.
        before = shares(describe(table, seen, None), direct(seen), replayed=False)
        for key in sorted(seen, key=lambda k: -before[k]):
            trials[key] = laboratory.examine(table.columns[key], seen[key])
        result.calls = laboratory.made
        if laboratory.made >= limit:
            result.notes.append(f"stopped after {limit} calls: the least suspect were not tried")
        if laboratory.unscored:
            result.notes.append(
                f"{laboratory.unscored} replays could not be scored: their output depends on"
                " something that is not recorded"
            )
    entries = _entries(table, seen, trials)
    if resamples and table.failed:
        intervals = _intervals(table, wanted, trials, entries, resamples)
        for entry in entries:
            entry.interval = intervals[entry.key]
    if not table.failed:
        result.notes.append("no run failed, so nothing is to blame")
    elif min(len(table.failed), len(table.good)) < _FEWEST / 2:
        result.notes.append("too few failed or good runs to compare: take this as a hint")
    place = {key: i for i, key in enumerate(table.columns)}
    entries.sort(key=lambda e: (round(e.score, 6), place[e.key]), reverse=True)
    result.ranking = _with_parameters(entries, table)
    return result


def _each(given: Any, n: int, what: str) -> list[Any] | None:
    if given is None:
        return None
    if isinstance(given, Sequence):
        if len(given) != n:
            raise GraphError(f"{n} runs with {len(given)} {what}: give one for each run")
        return list(given)
    return [given] * n


def _entries(
    table: Table, seen: Mapping[str, Evidence], trials: Mapping[str, Trials] | None
) -> list[Entry]:
    described = describe(table, seen, trials)
    share = shares(described, direct(seen), replayed=trials is not None)
    names = OBSERVED if trials is None else REPLAYED
    found = []
    for key, column in table.columns.items():
        done = UNTRIED if trials is None else trials[key]
        reached = [node for node in column.nodes if node is not None]
        found.append(
            Entry(
                key, reached[0].operation.name, "node", share[key],
                evidence=dict(zip(names, described[key], strict=True)), trials=done,
                reason=reason(table, seen[key], done, len(reached)),
            )
        )  # fmt: skip
    return found


def _intervals(
    table: Table,
    expected: Sequence[Mapping[str, Any]] | None,
    trials: Mapping[str, Trials] | None,
    entries: Sequence[Entry],
    groups: int,
) -> dict[str, tuple[float, float]]:
    """Return intervals by the jackknife that leaves out a group of runs at a time.

    On the scale of log odds, ``(g-1)/g sum((x_i - mean)^2)`` for g groups (Shao and Tu 1995, "The
    Jackknife and Bootstrap", 2.3). The replays are not repeated.
    """
    n = len(table.runs)
    groups = min(groups, n)
    if n < _FEWEST:
        return {entry.key: (0.0, 1.0) for entry in entries}
    again: dict[str, list[float]] = {entry.key: [] for entry in entries}
    for group in range(groups):
        kept = [i for i in range(n) if i % groups != group]
        seen = observe(table, expected, kept)
        described = describe(table, seen, trials)
        share = shares(described, direct(seen), replayed=trials is not None)
        for key, values in again.items():
            values.append(_log_odds(share[key]))
    found = {}
    for entry in entries:
        values = again[entry.key]
        mean = sum(values) / groups
        error = math.sqrt((groups - 1) / groups * sum((x - mean) ** 2 for x in values))
        middle = _log_odds(entry.score)
        found[entry.key] = (_share(middle - 1.96 * error), _share(middle + 1.96 * error))
    return found


def _log_odds(share: float) -> float:
    share = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(share / (1 - share))


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def _with_parameters(entries: list[Entry], table: Table) -> list[Entry]:
    """Put each parameter where its own evidence, or the calls that use it, place it."""
    users: dict[str, Entry] = {}
    for entry in entries:  # the most blamed first
        for name in table.columns[entry.key].parameters:
            users.setdefault(name, entry)
    rows: dict[str, list[Features | None]] = {}
    for i, run in enumerate(table.runs):
        for node, value in run.read:
            rows.setdefault(node.name, [None] * len(table.runs))[i] = features_of(value, node.name)
    found: list[Entry] = []
    for name, row in rows.items():
        split = best_split(row, table.scores)
        user = users.get(name)
        score = max(split.strength, 0.0 if user is None else user.score)
        parts = []
        if split.strength > 0:
            parts.append(
                f"the mean score is {split.low:.2f} in {split.count} runs where {split.text}, else"
                f" {split.high:.2f}"
            )
        if user is not None:
            parts.append(f"used by {user.key}, which has {user.score:.2f} of the blame")
        found.append(
            Entry(
                name, name, "parameter", score,
                interval=(0.0, 1.0) if user is None else user.interval,
                evidence={"value": split.strength}, reason="; ".join(parts) or "not used",
            )
        )  # fmt: skip
    # Sorting is stable: a parameter comes after the call that it shares a score with.
    return sorted([*entries, *found], key=lambda e: -round(e.score, 6))

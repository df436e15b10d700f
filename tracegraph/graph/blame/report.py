"""The answer: calls and parameters by how much speaks against them, in numbers and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tracegraph.graph.blame.trials import UNTRIED, Trials

if TYPE_CHECKING:
    from tracegraph.graph.blame.evidence import Evidence
    from tracegraph.graph.blame.table import Table


@dataclass(slots=True)
class Entry:
    """A call or a parameter, and what speaks against it.

    Attributes:
        key: the same for all runs: the function's name, numbered where it is called in several
            places; or the parameter's name.
        name: the function's or the parameter's name.
        kind: "node" or "parameter".
        score: the share of the blame, from 0 to 1; the shares of all nodes sum to 1.
        interval: of the score, 95 %; (0, 1) when there was too little to tell.
        evidence: the numbers behind it, by name.
        trials: what replaying with other results did.
        reason: the evidence in words.
    """

    key: str
    name: str
    kind: Literal["node", "parameter"]
    score: float
    interval: tuple[float, float] = (0.0, 1.0)
    evidence: dict[str, float] = field(default_factory=dict)
    trials: Trials = UNTRIED
    reason: str = ""


@dataclass(slots=True)
class Blame:
    """Calls and parameters, the most blamed first.

    Attributes:
        ranking: what `Entry` describes, sorted.
        runs, failed: how many runs there were, and how many of them had low scores.
        calls: how many calls were made again in replays.
        notes: what limits the answer.
    """

    ranking: list[Entry]
    runs: int
    failed: int
    calls: int = 0
    notes: list[str] = field(default_factory=list)

    def table(self, most: int = 10) -> str:
        """Return the first of the ranking as text, one line each."""
        lines = [f"{self.failed} of {self.runs} runs failed; {self.calls} calls made again"]
        width = max((len(entry.key) for entry in self.ranking[:most]), default=0)
        for i, e in enumerate(self.ranking[:most], 1):
            low, high = e.interval
            shown = f"{e.score:5.2f} ({low:.2f} to {high:.2f})"
            lines.append(f"{i:>3}  {shown}  {e.kind:<9}  {e.key:<{width}}  {e.reason}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain dicts, lists, numbers and texts."""
        return asdict(self)


def reason(table: Table, seen: Evidence, trials: Trials, reached: int) -> str:
    """Say what speaks against a call."""
    failed = set(table.failed)
    parts = []
    if seen.checked:
        wrong = round(seen.astray * seen.checked)
        parts.append(
            f"{wrong} of {seen.checked} results in failed runs are the first that is not as"
            " expected"
            if wrong
            else f"as expected in {seen.checked} failed runs"
        )
    if seen.raised:
        parts.append(f"raised in {seen.raised} of {len(failed)} failed runs")
    bad = len(failed.intersection(seen.broken))
    if bad and seen.deviation.strength > 0:
        well = len(seen.broken) - bad
        parts.append(
            f"{_law(seen)} in {bad} of {len(failed)} failed and {well} of"
            f" {len(table.runs) - len(failed)} good runs"
        )
    if seen.inputs.strength > 0:
        split = seen.inputs
        where = split.text if reached == len(table.runs) else f"{split.text} (when reached)"
        parts.append(
            f"the mean score is {split.low:.2f} in {split.count} runs where {where},"
            f" else {split.high:.2f}"
        )
    elif seen.output.strength > 0:
        split = seen.output
        parts.append(
            f"the mean score is {split.low:.2f} in {split.count} runs where {split.text}, else"
            f" {split.high:.2f}"
        )
    if trials.count:
        verb = "raises" if trials.gain > 0 else "does not raise"
        parts.append(
            f"replacing its result by {trials.way} {verb} the score: {trials.gain:+.2f} ±"
            f" {1.96 * trials.error:.2f} in {trials.count} replays"
        )
        if trials.rescued:
            parts.append(
                f"some other result makes {trials.rescued} of {trials.replayed} failed runs good"
            )
    return "; ".join(parts) or "nothing goes with failure here"


def _law(seen: Evidence) -> str:
    return "raised" if seen.law is None else f"breaks its rule ({seen.law.text})"

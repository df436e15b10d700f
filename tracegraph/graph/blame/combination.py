"""One number from all evidence: each call's share of the blame.

The shares are a conditional logit, ``share_k = exp(w·x_k) / sum_j exp(w·x_j)`` over the calls of a
batch of runs (McFadden 1974, "Conditional Logit Analysis of Qualitative Choice Behavior"). The
weights were fitted to synthetic pipelines with a known broken call: ``python -m benchmarks.blame
--fit --pipelines 320`` does it again, on other pipelines than those it reports on.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tracegraph.graph.blame.trials import UNTRIED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracegraph.graph.blame.evidence import Evidence
    from tracegraph.graph.blame.table import Table
    from tracegraph.graph.blame.trials import Trials

# What is weighed, in this order; "of the most" is a share of the largest among all calls.
OBSERVED = ("own", "inputs", "deviation, of the most", "deviation inherited", "raised")
REPLAYED = (
    *OBSERVED, "gain", "gain, of the most", "gain by its rule", "fixable", "matters",
    "matters more than in good runs",
)  # fmt: skip

OBSERVED_WEIGHTS = (3.1, 0.8, 1.3, -0.6, 2.8)
REPLAYED_WEIGHTS = (2.4, 0.9, 0.5, 0.1, 1.8, 2.1, 1.0, 1.2, 0.8, -0.9, 0.7)
# What the user says is right or wrong counts more than anything that was inferred; not fitted.
ASTRAY, AS_EXPECTED = 8.0, -4.0
_FAINT = 0.05  # the largest of all may be noise too: nothing is a share of less than this


def describe(
    table: Table, seen: Mapping[str, Evidence], trials: Mapping[str, Trials] | None
) -> dict[str, list[float]]:
    """Return the numbers that are weighed for each call, named by ``OBSERVED`` or ``REPLAYED``."""
    failed = max(1, len(table.failed))
    span = max(table.scores) - min(table.scores) or 1.0
    deviation = max([_FAINT, *(e.deviation.strength for e in seen.values())])
    found = {
        key: [
            e.own.strength, e.inputs.strength, e.deviation.strength / deviation, e.inherited,
            e.raised / failed,
        ]
        for key, e in seen.items()
    }  # fmt: skip
    if trials is not None:
        gains = {key: max(0.0, trials.get(key, UNTRIED).shrunk / span) for key in seen}
        most = max([_FAINT, *gains.values()])
        for key, row in found.items():
            done = trials.get(key, UNTRIED)
            row += [
                gains[key], gains[key] / most, max(0.0, done.by_rule / span), done.fixable,
                done.matters, done.matters - done.matters_else,
            ]  # fmt: skip
    return found


def direct(seen: Mapping[str, Evidence]) -> dict[str, float]:
    """Return what to add for each call whose results the user knows: it was, or was not, wrong."""
    return {
        key: ASTRAY * e.astray + AS_EXPECTED * (1 - e.astray) if e.checked else 0.0
        for key, e in seen.items()
    }


def shares(
    described: Mapping[str, list[float]], told: Mapping[str, float], *, replayed: bool
) -> dict[str, float]:
    """Return each call's share of the blame; they sum to 1.

    Args:
        described: from `describe`.
        told: from `direct`.
        replayed: whether the numbers of the replays are among those described.
    """
    weights = REPLAYED_WEIGHTS if replayed else OBSERVED_WEIGHTS
    logits = {
        key: told[key] + sum(w * x for w, x in zip(weights, row, strict=True))
        for key, row in described.items()
    }
    top = max(logits.values())
    powers = {key: math.exp(logit - top) for key, logit in logits.items()}
    total = sum(powers.values())
    return {key: power / total for key, power in powers.items()}

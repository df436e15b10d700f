"""Two candidates on the same examples, one after the other until the evidence is clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tracegraph.training.acceptance import PairedTest
from tracegraph.training.evaluator import gather

if TYPE_CHECKING:
    from tracegraph.training.candidate import Candidate
    from tracegraph.training.data import Example
    from tracegraph.training.evaluator import Evaluator

_ENOUGH_TIES = 20  # with fewer, "as good" says little


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a comparison found.

    Attributes:
        accepted: whether the newer candidate takes the place of the older one.
        why: in words.
        alpha: the error rate of this test.
        examples: how many were compared; ``wins``, ``losses`` and ``ties`` of the newer one.
        difference: the mean of newer minus older, with an interval valid at any time.
        e_value: the evidence for "better": the wealth of a bet against "not better".
    """

    accepted: bool
    why: str
    alpha: float
    examples: int
    wins: int
    losses: int
    ties: int
    difference: float
    interval: tuple[float, float]
    e_value: float

    def to_json(self) -> dict[str, Any]:
        """Return the evidence as plain values."""
        return asdict(self)


async def compare(
    evaluator: Evaluator,
    before: Candidate,
    after: Candidate,
    examples: Sequence[Example],
    *,
    alpha: float,
) -> Evidence:
    """Test whether ``after`` is better than ``before``, example by example in the order given.

    Raises:
        BudgetExceeded: the budget ended before the test did.
    """
    test = PairedTest(alpha, largest=len(examples))
    simpler = after.size < before.size
    same = 0  # examples, if all so far came out the same
    size = evaluator.concurrency
    for start in range(0, len(examples), size):
        chunk = examples[start : start + size]
        older, newer = await gather(
            evaluator.scores(candidate, chunk, "validation") for candidate in (before, after)
        )
        for example in chunk:
            if example.id not in older or example.id not in newer:
                continue
            difference = newer[example.id] - older[example.id]
            if test.verdict == "undecided":
                test.add(difference)
            same = same + 1 if difference == 0 and same >= 0 else -1
        # A test that has given up on "better" may still find "the same, and simpler".
        if test.verdict != "undecided" and not (simpler and 0 <= same < _ENOUGH_TIES):
            break
    accepted = test.verdict == "accepted"
    equal = simpler and same >= _ENOUGH_TIES
    if accepted:
        why = f"better on {test.wins} and worse on {test.losses} of {test.count} fresh examples"
    elif equal:
        why = f"the same on {same} fresh examples, and simpler"
    else:
        why = (
            f"not shown to be better: {test.wins} better and {test.losses} worse of "
            f"{test.count} fresh examples"
        )
    return Evidence(
        accepted or equal,
        why,
        alpha,
        test.count,
        test.wins,
        test.losses,
        test.ties,
        test.mean,
        test.interval,
        test.e_value,
    )

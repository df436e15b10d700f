"""The names of the laws by which drawn frames are said to be probable."""

from __future__ import annotations

from typing import Literal

from tracegraph.errors import TracegraphError

# mean_softmax: the mean of the frames' marginal log-softmax, as the released code has it.
# product: the sum of them, eq. 9 of the paper: draws with replacement.
# plackett_luce: the law that Gumbel top-k really draws by: each pick renormalises what is left.
LogProb = Literal["mean_softmax", "product", "plackett_luce"]
LAWS: tuple[LogProb, ...] = ("mean_softmax", "product", "plackett_luce")


def as_law(name: str) -> LogProb:
    """Return a law by its name.

    Raises:
        TracegraphError: there is no such law.
    """
    for law in LAWS:
        if law == name:
            return law
    raise TracegraphError(f"law {name!r} is unknown: use one of {', '.join(LAWS)}")

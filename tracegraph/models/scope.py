"""What surrounds a piece of work: a budget and a cache for all its calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from tracegraph.models.budget import Budget
from tracegraph.models.cache import Cache


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A budget and a cache that hold for every client, or None; who wants to know of failures."""

    budget: Budget | None = None
    cache: Cache | None = None
    failures: list[BaseException] | None = None

    def failed(self, error: BaseException) -> None:
        """Tell of a call that failed for good."""
        if self.failures is not None:
            self.failures.append(error)

    def budgets(self, own: Budget | None) -> tuple[Budget, ...]:
        """Return the budgets that a call is charged to: the surrounding one, and the caller's."""
        outer = self.budget
        if own is None:
            return () if outer is None else (outer,)
        # A child of the surrounding budget is charged to both by itself.
        return (own,) if outer is None or outer in own.line() else (outer, own)


_NOTHING = Surroundings()
_current: ContextVar[Surroundings] = ContextVar("tracegraph_surroundings", default=_NOTHING)


def surroundings() -> Surroundings:
    """Return what surrounds this code; tasks and copied contexts inherit it."""
    return _current.get()


@contextmanager
def surround(
    *,
    budget: Budget | None = None,
    cache: Cache | None = None,
    failures: list[BaseException] | None = None,
) -> Iterator[None]:
    """Charge all calls made inside to a budget, and answer them from a cache, whoever makes them.

    A client's own budget is charged as well, and its own cache goes first. ``failures`` collects
    the errors of calls that failed for good, also when the code that made them hides them.
    """
    outer = _current.get()
    token = _current.set(
        Surroundings(
            outer.budget if budget is None else budget,
            outer.cache if cache is None else cache,
            outer.failures if failures is None else failures,
        )
    )
    try:
        yield
    finally:
        _current.reset(token)

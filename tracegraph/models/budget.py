"""Budgets: what a piece of work may use, reserved before it is used."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

from tracegraph.models.errors import BudgetExceeded

_NANO = 1_000_000_000  # dollars are counted in whole billionths: sums are exact
_N = TypeVar("_N", int, float)


@dataclass(frozen=True, slots=True)
class Amount:
    """Tokens, dollars, calls and seconds."""

    tokens: int = 0
    dollars: float = 0.0
    calls: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a budget allows or has left; None is without limit."""

    tokens: int | None = None
    dollars: float | None = None
    calls: int | None = None
    seconds: float | None = None


@dataclass(slots=True)
class _Count:
    tokens: int = 0
    nano: int = 0
    calls: int = 0

    def add(self, other: _Count, sign: int = 1) -> None:
        self.tokens += sign * other.tokens
        self.nano += sign * other.nano
        self.calls += sign * other.calls


class Reservation:
    """A part of a budget set aside for one piece of work; settle it with what was used.

    As a context manager it is settled in full at the end unless it was settled inside.
    """

    __slots__ = ("_budget", "_count", "_settled")

    def __init__(self, budget: Budget, count: _Count) -> None:
        self._budget = budget
        self._count = count
        self._settled = False

    def settle(
        self,
        *,
        tokens: int | None = None,
        dollars: float | None = None,
        calls: int | None = None,
    ) -> None:
        """Charge what was used (by default all that was reserved) and free the rest, once."""
        used = _Count(
            self._count.tokens if tokens is None else tokens,
            self._count.nano if dollars is None else math.ceil(dollars * _NANO),
            self._count.calls if calls is None else calls,
        )
        with self._budget._lock:
            if self._settled:
                return
            self._settled = True
            for budget in self._budget.line():
                budget._reserved.add(self._count, -1)
                budget._spent.add(used)
            wake = self._budget._waiting.take()
        for callback in wake:
            callback()

    def release(self) -> None:
        """Free the whole reservation: nothing was used."""
        self.settle(tokens=0, dollars=0.0, calls=0)

    def __enter__(self) -> Reservation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.settle()


class _Waiting:
    """Those who wait for a reservation to be settled, shared by a tree of budgets."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], None]] = []

    def add(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def take(self) -> list[Callable[[], None]]:
        taken, self._callbacks = self._callbacks, []
        return taken


class Budget:
    """A hard limit that any number of tasks, threads and nested budgets share.

    Work reserves its worst case before it begins and settles what it used: the sum of what is
    spent and reserved never passes a limit. A child draws on its own limits and on those of
    all its parents at once.

    Args:
        tokens: prompt and completion tokens together.
        dollars: money.
        calls: requests that are sent, repairs and retries included.
        seconds: wall-clock time from the first use.
        name: what messages call this budget.
        spent: what was used before, when a run goes on.
    """

    def __init__(
        self,
        *,
        tokens: int | None = None,
        dollars: float | None = None,
        calls: int | None = None,
        seconds: float | None = None,
        name: str = "budget",
        spent: Amount | None = None,
        parent: Budget | None = None,
    ) -> None:
        for kind, limit in (("tokens", tokens), ("dollars", dollars), ("calls", calls)):
            if limit is not None and limit < 0:
                raise ValueError(f"{name}: {kind}={limit} is below 0; use None for no limit")
        before = spent or Amount()
        self.name = name
        self.parent = parent
        self.limits = Limits(tokens, dollars, calls, seconds)
        self._nano_limit = None if dollars is None else math.floor(dollars * _NANO)
        self._spent = _Count(before.tokens, math.ceil(before.dollars * _NANO), before.calls)
        self._reserved = _Count()
        self._seconds_before = before.seconds
        self._started: float | None = None
        # One lock for the whole tree: a reservation takes from all its levels or from none.
        self._lock: threading.RLock = parent._lock if parent else threading.RLock()
        self._waiting: _Waiting = parent._waiting if parent else _Waiting()

    def child(
        self,
        name: str = "child",
        *,
        tokens: int | None = None,
        dollars: float | None = None,
        calls: int | None = None,
        seconds: float | None = None,
    ) -> Budget:
        """Return a budget inside this one."""
        return Budget(
            tokens=tokens, dollars=dollars, calls=calls, seconds=seconds, name=name, parent=self
        )

    @property
    def spent(self) -> Amount:
        """What was used so far; seconds run from the first use."""
        with self._lock:
            return self._amount(self._spent, self._elapsed())

    @property
    def reserved(self) -> Amount:
        """What work in flight has set aside."""
        with self._lock:
            return self._amount(self._reserved, 0.0)

    @property
    def remaining(self) -> Limits:
        """What this budget and its parents leave, not counting work in flight."""
        with self._lock:
            left = [budget._left() for budget in self.line()]
        return Limits(
            _least([level.tokens for level in left]),
            _least([level.dollars for level in left]),
            _least([level.calls for level in left]),
            _least([level.seconds for level in left]),
        )

    @property
    def exhausted(self) -> bool:
        """Whether any limit has been reached."""
        left = self.remaining
        return any(x is not None and x <= 0 for x in (left.tokens, left.calls, left.seconds)) or (
            left.dollars is not None and left.dollars * _NANO < 1
        )

    def reserve(self, *, tokens: int = 0, dollars: float = 0.0, calls: int = 0) -> Reservation:
        """Set an amount aside, or raise at once.

        Raises:
            BudgetExceeded: it does not fit beside what is spent and in flight.
        """
        count = _Count(tokens, math.ceil(dollars * _NANO), calls)
        with self._lock:
            return self._take(count)

    async def reserve_soon(
        self, *, tokens: int = 0, dollars: float = 0.0, calls: int = 0
    ) -> Reservation:
        """Set an amount aside; wait while only work in flight is in the way.

        Do not hold another reservation of the same budget meanwhile: it would wait for itself.

        Raises:
            BudgetExceeded: it would not fit even if the work in flight used nothing.
        """
        count = _Count(tokens, math.ceil(dollars * _NANO), calls)
        loop = asyncio.get_running_loop()
        while True:
            with self._lock:
                try:
                    return self._take(count)
                except BudgetExceeded:
                    if not self._may_fit(count):
                        raise
                woken: asyncio.Future[None] = loop.create_future()
                self._waiting.add(lambda woken=woken: _wake(loop, woken))  # type: ignore[misc]
            left = self.remaining.seconds
            try:
                async with asyncio.timeout(left):
                    await woken
            except TimeoutError:
                continue  # the time has run out: the next look says so

    def charge(self, *, tokens: int = 0, dollars: float = 0.0, calls: int = 0) -> None:
        """Reserve and use at once."""
        self.reserve(tokens=tokens, dollars=dollars, calls=calls).settle()

    def _take(self, count: _Count) -> Reservation:
        for budget in self.line():
            if budget._started is None:
                budget._started = time.monotonic()
            budget._check(count)
        for budget in self.line():
            budget._reserved.add(count)
        return Reservation(self, count)

    def line(self) -> list[Budget]:
        """Return this budget, its parent, and so on to the outermost."""
        line, budget = [], self
        while True:
            line.append(budget)
            if budget.parent is None:
                return line
            budget = budget.parent

    def _check(self, count: _Count) -> None:
        limits, spent, held = self.limits, self._spent, self._reserved
        if limits.seconds is not None and self._elapsed() >= limits.seconds:
            raise self._refusal("seconds", limits.seconds, self._elapsed(), 0, 0)
        if limits.tokens is not None and spent.tokens + held.tokens + count.tokens > limits.tokens:
            raise self._refusal("tokens", limits.tokens, spent.tokens, held.tokens, count.tokens)
        if limits.calls is not None and spent.calls + held.calls + count.calls > limits.calls:
            raise self._refusal("calls", limits.calls, spent.calls, held.calls, count.calls)
        most = self._nano_limit
        if most is not None and spent.nano + held.nano + count.nano > most:
            dollars = [x / _NANO for x in (most, spent.nano, held.nano, count.nano)]
            raise self._refusal("dollars", *dollars)

    def _refusal(
        self, kind: str, limit: float, spent: float, held: float, asked: float
    ) -> BudgetExceeded:
        return BudgetExceeded(
            f"{self.name}: {asked:g} more {kind} do not fit: {spent:g} spent and {held:g} in "
            f"flight of {limit:g}; nothing was sent. Raise {kind}= or ask for less",
            budget=self.name,
            kind=kind,
        )

    def _may_fit(self, count: _Count) -> bool:
        # Whether the work in flight, should it turn out to use nothing, leaves enough.
        return all(
            (b.limits.tokens is None or b._spent.tokens + count.tokens <= b.limits.tokens)
            and (b.limits.calls is None or b._spent.calls + count.calls <= b.limits.calls)
            and (b._nano_limit is None or b._spent.nano + count.nano <= b._nano_limit)
            and (b.limits.seconds is None or b._elapsed() < b.limits.seconds)
            for b in self.line()
        )

    def _elapsed(self) -> float:
        running = 0.0 if self._started is None else time.monotonic() - self._started
        return self._seconds_before + running

    def _left(self) -> Limits:
        limits, spent = self.limits, self._spent
        return Limits(
            None if limits.tokens is None else limits.tokens - spent.tokens,
            None if self._nano_limit is None else (self._nano_limit - spent.nano) / _NANO,
            None if limits.calls is None else limits.calls - spent.calls,
            None if limits.seconds is None else max(0.0, limits.seconds - self._elapsed()),
        )

    @staticmethod
    def _amount(count: _Count, seconds: float) -> Amount:
        return Amount(count.tokens, count.nano / _NANO, count.calls, seconds)


def _wake(loop: asyncio.AbstractEventLoop, woken: asyncio.Future[None]) -> None:
    def set_result() -> None:
        if not woken.done():
            woken.set_result(None)

    with suppress(RuntimeError):  # that loop may have ended, and its waiter with it
        loop.call_soon_threadsafe(set_result)


def _least(values: list[_N | None]) -> _N | None:
    return min((value for value in values if value is not None), default=None)

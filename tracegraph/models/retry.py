"""When to try again, and after how long."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryCallState, stop_after_attempt
from tenacity.wait import wait_base, wait_random_exponential

from tracegraph.models.errors import ModelTimeout, RequestError

# Busy, overloaded, or broken in a way that may pass.
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently a failed attempt is repeated.

    Attributes:
        attempts: how many attempts there are in all.
        first: the longest first pause in seconds; the following ones double.
        longest: the longest pause in seconds; a server that asks for more is obeyed up to
            `patience`, and given up beyond it.
        patience: the longest `Retry-After` that is waited for, in seconds.
        timeouts: how many attempts there are in all when they time out.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 30.0
    patience: float = 120.0
    timeouts: int = 2


def retrying(policy: RetryPolicy) -> AsyncRetrying:
    """Return tenacity's loop over attempts for a policy."""
    return AsyncRetrying(
        stop=stop_after_attempt(policy.attempts),
        retry=lambda state: _worth_it(state, policy),
        wait=_Wait(policy),
        reraise=True,
    )


def passing(status: int) -> bool:
    """Whether an HTTP status speaks of a state that may pass."""
    return status in _PASSING


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a reply asks to wait, from `Retry-After` in either form."""
    milliseconds = headers.get("retry-after-ms")
    value = headers.get("retry-after")
    try:
        if milliseconds is not None:
            return max(0.0, float(milliseconds) / 1000)
        if value is None:
            return None
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


class _Wait(wait_base):
    def __init__(self, policy: RetryPolicy) -> None:
        # Full jitter: those who failed together come back spread over the whole pause.
        self._own = wait_random_exponential(multiplier=policy.first, max=policy.longest)

    def __call__(self, retry_state: RetryCallState) -> float:
        own = self._own(retry_state)
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.after if isinstance(error, RequestError) else None
        # Jitter on top of what was asked: those who were refused together come back apart.
        return own if asked is None else asked + min(own, 1.0)


def _worth_it(state: RetryCallState, policy: RetryPolicy) -> bool:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, RequestError) or not error.retry:
        return False
    if isinstance(error, ModelTimeout) and state.attempt_number >= policy.timeouts:
        return False
    return error.after is None or error.after <= policy.patience

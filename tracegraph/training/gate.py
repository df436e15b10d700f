"""The human gate: an accepted change waits until a person approves or rejects it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracegraph import runs
from tracegraph.training.errors import TrainingError

if TYPE_CHECKING:
    from tracegraph.training.ledger import Ledger

_EVERY = 0.3  # seconds between looks


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said."""

    approved: bool
    reason: str = ""


async def wait_for_verdict(ledger: Ledger, candidate: str, evidence: dict[str, Any]) -> Verdict:
    """Hold a candidate until somebody has spoken, in this process or another.

    A run that is stopped meanwhile goes on waiting when it is resumed.
    """
    if ledger.state(_name(candidate)) is None:
        await ledger.keep_state("pending", {"candidate": candidate, "evidence": evidence})
        await ledger.mark(candidate, "pending")
    while (said := ledger.state(_name(candidate))) is None:
        await asyncio.sleep(_EVERY)
    await ledger.keep_state("pending", None)
    return Verdict(bool(said["approved"]), str(said["reason"]))


def pending(store: runs.Store, run: str) -> dict[str, Any] | None:
    """Return the candidate that waits for a verdict, with its evidence; None when none does."""
    found: dict[str, Any] | None = runs.load_state(store, run, "pending")
    return found


def spoken(store: runs.Store, run: str, candidate: str) -> Verdict | None:
    """Return what a person said about a candidate, also before the run has heard it."""
    said = runs.load_state(store, run, _name(candidate))
    return None if said is None else Verdict(bool(said["approved"]), str(said["reason"]))


def speak(store: runs.Store, run: str, *, approved: bool, reason: str = "") -> str:
    """Approve or reject the candidate that waits; return its name.

    Raises:
        TrainingError: nothing waits.
    """
    waiting = pending(store, run)
    if waiting is None:
        raise TrainingError(
            f"nothing waits for a verdict in run {run}: changes wait only when the run was "
            "started with --approve, and only after they have passed the test"
        )
    candidate = str(waiting["candidate"])
    verdict = {"approved": approved, "reason": reason}
    runs.save_state(store, run, _name(candidate), verdict).result()
    return candidate


def _name(candidate: str) -> str:
    return f"gate/{candidate}"

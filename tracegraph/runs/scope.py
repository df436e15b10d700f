"""The current run: what is called inside it is counted as its."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from tracegraph.runs.events import add_event
from tracegraph.runs.runs import Run, finish_run, start_run, take_run
from tracegraph.runs.store import Store


@dataclass(frozen=True, slots=True)
class Scope:
    """The store and the run that surround the code that asks."""

    store: Store
    run: Run


_current: ContextVar[Scope | None] = ContextVar("tracegraph_run", default=None)


def current() -> Scope | None:
    """Return the run that surrounds this code, if any; tasks and copied contexts inherit it."""
    return _current.get()


def note(kind: str, payload: object = None) -> None:
    """Write an event of the run that surrounds this code; without one, nothing is written."""
    scope = _current.get()
    if scope is not None:
        add_event(scope.store, kind, payload, run=scope.run.id)


@contextmanager
def within(store: Store, run: Run) -> Iterator[Run]:
    """Make an existing run the current one."""
    token = _current.set(Scope(store, run))
    try:
        yield run
    finally:
        _current.reset(token)


@contextmanager
def run_scope(store: Store, kind: str, name: str = "", **config: Any) -> Iterator[Run]:
    """Start a run, make it the current one, and mark how it ended.

    An exception marks it failed, an interrupt or a cancellation stopped; a kill leaves it
    running, which `Run.interrupted` recognises. What stands in its ``summary`` at the end is kept.
    """
    surrounding = _current.get()
    parent = surrounding.run.id if surrounding and surrounding.store is store else None
    run = Run(kind, name, parent=parent, config=config)
    start_run(store, run).result()
    with _marked(store, run):
        yield run


@contextmanager
def resume_scope(store: Store, id: str) -> Iterator[Run]:
    """Go on with a run: make this process its owner, and mark its end as `run_scope` does.

    Raises:
        RunTakenError: a living process owns the run.
        StoreError: there is no such run.
    """
    run = take_run(store, id).result()
    with _marked(store, run):
        yield run


@contextmanager
def _marked(store: Store, run: Run) -> Iterator[None]:
    try:
        with within(store, run):
            yield
    except (KeyboardInterrupt, asyncio.CancelledError, GeneratorExit):
        finish_run(store, run.id, "stopped").result()
        raise
    except BaseException as error:
        summary = {"error": f"{type(error).__name__}: {error}"}
        finish_run(store, run.id, "failed", summary).result()
        raise
    finish_run(store, run.id, summary=run.summary or None).result()

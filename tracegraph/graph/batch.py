"""``batch_run``: one function over lists of arguments, several calls at a time."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tracegraph.graph.bundle import AsyncBundledFunction
from tracegraph.graph.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Callable

_WORKERS = 8


def batch_run(fun: Callable[..., Any] | None = None, *, max_workers: int = _WORKERS) -> Any:
    """Make a function that takes lists of arguments and returns the list of results, in order.

    Lists and tuples are taken apart, all of one length; any other argument goes to every call.
    Calls run in threads, those of an ``async def`` as tasks; a recording around them has them all.
    With or without parentheses as a decorator. When a call raises, the first error is raised and
    calls that have not begun are left out.

    Args:
        fun: a plain, bundled or async function, or a module.
        max_workers: how many calls run at a time.

    Raises:
        GraphError: at the call, when no argument is a list, or lengths differ.
    """
    if fun is None:
        return functools.partial(batch_run, max_workers=max_workers)

    if isinstance(fun, AsyncBundledFunction) or inspect.iscoroutinefunction(fun):

        @functools.wraps(fun)
        async def run(*args: Any, **kwargs: Any) -> list[Any]:
            turns = asyncio.Semaphore(max_workers)

            async def one(given: tuple[Any, ...], named: dict[str, Any]) -> Any:
                async with turns:
                    return await fun(*given, **named)

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(*each)) for each in _calls(args, kwargs)]
            return [task.result() for task in tasks]

        return run

    @functools.wraps(fun, updated=())
    def run_in_threads(*args: Any, **kwargs: Any) -> list[Any]:
        calls = _calls(args, kwargs)
        with ThreadPoolExecutor(max_workers, thread_name_prefix="batch_run") as pool:
            # Threads start without the context that a recording lives in.
            futures = [
                pool.submit(contextvars.copy_context().run, functools.partial(fun, *given, **named))
                for given, named in calls
            ]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    return run_in_threads


def _calls(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Return the arguments of each call."""
    lengths = {len(one) for one in (*args, *kwargs.values()) if isinstance(one, (list, tuple))}
    if len(lengths) != 1:
        found = f"lists of {sorted(lengths)} items" if lengths else "no list"
        raise GraphError(f"batch_run needs lists of one length among the arguments; got {found}")

    def at(one: Any, index: int) -> Any:
        return one[index] if isinstance(one, (list, tuple)) else one

    return [
        (tuple(at(one, i) for one in args), {key: at(one, i) for key, one in kwargs.items()})
        for i in range(lengths.pop())
    ]

"""LangGraph's functional API, recorded: each task is a call, the function between them is not.

The function of an ``@entrypoint`` is plain code between tasks: values flow through it, so it is
recorded as ``tracegraph.record`` records any such code, and is a call of its own only where what it
returns was made by itself.
"""

from __future__ import annotations

import copy
import functools
import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable
from langchain_core.runnables.config import run_in_executor, var_child_runnable_config
from langgraph.errors import GraphBubbleUp
from langgraph.func import entrypoint

from tracegraph.graph.identity import Known
from tracegraph.graph.scope import pending_reads
from tracegraph.integrations.calls import ForeignCall, operation, recording_frame
from tracegraph.integrations.langgraph.channels import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tracegraph.graph.node import MessageNode
    from tracegraph.integrations.langgraph.nodes import Shape, Task

PREVIOUS = "__previous__"  # the channel that only these graphs have
_CALL = "__pregel_call"  # what runs a task, in the configuration of the code around it
_LAST = 1 << 60


def tasks_in(fun: Any) -> dict[str, Any]:
    """Return the functions of the tasks that code names, itself or in its tasks, by name."""
    found: dict[str, Any] = {}
    todo = [inspect.unwrap(fun)]
    while todo:
        for task in _named_in(todo.pop()):
            name = getattr(task.func, "__name__", "task")
            if name not in found:
                found[name] = task.func
                todo.append(task.func)
    return found


def _named_in(fun: Any) -> Iterator[Any]:
    code = getattr(fun, "__code__", None)
    if code is None:
        return
    around = dict(fun.__globals__)
    for name, cell in zip(code.co_freevars, fun.__closure__ or (), strict=True):
        try:
            around[name] = cell.cell_contents
        except ValueError:
            continue  # not assigned yet
    inner = [code, *(each for each in code.co_consts if inspect.iscode(each))]
    for name in {name for each in inner for name in (*each.co_names, *each.co_freevars)}:
        if type(around.get(name)).__name__ == "_TaskFunction":
            yield around[name]


class RecordedEntrypoint(Runnable[Any, Any]):  # type: ignore[misc]
    """The node of an ``@entrypoint``.

    Args:
        name: of the function.
        node: the node as it was.
        shape: what is known of the graph.
        substitute: gives the function with the prompts of the present recording in it.
        tasks: the same for functions of tasks.
    """

    def __init__(
        self,
        name: str,
        node: Any,
        shape: Shape,
        substitute: Callable[[], Any] | None,
        tasks: Mapping[Any, Callable[[], Any]],
    ) -> None:
        self.name = name
        self.node = node
        self.bound = node.bound
        self.shape = shape
        self.substitute = substitute
        self.tasks = tasks
        self.graph: Any = None  # the recorded graph that this is the node of, for replays

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Run the function."""
        return self._now(config).invoke(input, config, **kwargs)

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Run the function."""
        return await self._now(config).ainvoke(input, config, **kwargs)

    def _now(self, config: Any) -> Any:
        bound = self.bound if self.substitute is None else self.substitute()
        task = self.shape.task(config)
        if task is None and not self.tasks:
            return bound
        made = copy.copy(bound)
        if bound.func is None:
            made.afunc = _afunction(self, task, bound.afunc)
        else:
            made.func = _function(self, task, bound.func)
            made.afunc = functools.partial(run_in_executor, None, made.func)
        return made


def _function(around: RecordedEntrypoint, task: Task | None, fun: Any) -> Any:
    @functools.wraps(fun)
    def run(*args: Any, **kwargs: Any) -> Any:
        body = _Body(around, task, fun)
        with body.open(args, kwargs):
            body.value = fun(*args, **kwargs)
        return body.value

    return run


def _afunction(around: RecordedEntrypoint, task: Task | None, fun: Any) -> Any:
    @functools.wraps(fun)
    async def run(*args: Any, **kwargs: Any) -> Any:
        body = _Body(around, task, fun)
        with body.open(args, kwargs):
            body.value = await fun(*args, **kwargs)
        return body.value

    return run


class _Body:
    """One run of the function of an entrypoint."""

    def __init__(self, around: RecordedEntrypoint, task: Task | None, fun: Any) -> None:
        self.around = around
        self.task = task
        self.fun = fun
        self.value: Any = None
        self.made: list[MessageNode[Any]] = []

    @contextmanager
    def open(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[None]:
        """Let tasks be recorded while the function runs, then note what it returned."""
        if self.task is not None and kwargs.get("previous") is not None:
            self._recall(PREVIOUS, kwargs["previous"])
        try:
            with self.calls():
                yield
        except GraphBubbleUp:
            raise  # the function runs again when the graph goes on
        except Exception as error:
            if self.task is not None and self.task.recording.known.get(error) is None:
                self._call(args).fail(error)
            raise
        if self.task is not None:
            self._finish(self.task, args)

    @contextmanager
    def calls(self) -> Iterator[None]:
        """Let calls of tasks go through `_task`."""
        config = var_child_runnable_config.get() or {}
        settings = config.get("configurable") or {}
        if _CALL not in settings:
            yield
            return
        patched = {**settings, _CALL: functools.partial(self._task, settings[_CALL])}
        token = var_child_runnable_config.set({**config, "configurable": patched})
        try:
            yield
        finally:
            var_child_runnable_config.reset(token)

    def _task(self, run: Callable[..., Any], fun: Any, given: Any, **options: Any) -> Any:
        """Run a task: what LangGraph calls with a task's function and its arguments."""
        recorded = _RecordedTask(self, fun, self.around.tasks.get(fun), *given)
        future = run(recorded.function(), given, **options)
        future.add_done_callback(recorded.done)
        return future

    def _call(self, args: tuple[Any, ...]) -> ForeignCall:
        assert self.task is not None
        about = inspect.getdoc(self.fun) or f"The function {self.around.name!r}."
        recorded = operation(self.around.name, about, self._again())
        call = ForeignCall(recorded, self.task.frame, {}, *args[:1])
        used = {id(parent) for node in self.made for parent in node.parents}
        for node in self.made:
            if id(node) not in used:
                call.depends_on(f"inside~{node.name}", node, guessed=True)
        return call

    def _again(self) -> Any:
        """Return the function for replays: tasks can be called only while their graph runs."""
        graph = self.around.graph
        if inspect.iscoroutinefunction(self.fun):

            @functools.wraps(self.fun)
            async def arun(value: Any, *rest: Any, **options: Any) -> Any:
                return await graph.ainvoke(value)

            return arun

        @functools.wraps(self.fun)
        def run(value: Any, *rest: Any, **options: Any) -> Any:
            return graph.invoke(value)

        return run

    def _finish(self, task: Task, args: tuple[Any, ...]) -> None:
        final = isinstance(self.value, entrypoint.final)
        value = self.value.value if final else self.value
        known = task.recording.known
        if value is not None and ((found := known.get(value)) is None or found.shared):
            self._call(args).finish(value)
        saved = self.value.save if final else self.value
        task.write([(PREVIOUS, saved)], lambda _, part: known.get(part))

    def _recall(self, name: str, value: Any) -> None:
        """Find again what was written in an earlier run, of which a checkpoint gives a copy."""
        task = self.task
        assert task is not None
        found = task.channels.origin(name, value, _LAST, task.id, None, task.frame)
        if found is not None and task.recording.known.get(value) is None:
            task.recording.known.learn(value, found.node)


class _RecordedTask:
    """A call of a task, from where it stands in the code to its end, perhaps in another thread."""

    def __init__(
        self,
        body: _Body,
        fun: Any,
        make: Callable[[], Any] | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.body = body
        self.name = getattr(fun, "__name__", "task")
        self.fun = fun
        self.make = make
        self.given = (args, kwargs)
        self.began = False
        # What was read before the call is known here, where the call stands.
        self.call = self._new()
        if self.call is not None:
            pending_reads.set(())

    def _new(self) -> ForeignCall | None:
        frame = recording_frame()
        if self.body.task is None or frame is None:
            return None
        about = inspect.getdoc(self.fun) or f"The task {self.name!r}."
        args, kwargs = self.given
        return ForeignCall(operation(self.name, about, self._again()), frame, kwargs, *args)

    def _now(self) -> Any:
        return self.fun if self.make is None else self.make()

    def _again(self) -> Any:
        """Return the task with the values that parameters have then, for replays."""

        @functools.wraps(self.fun)
        def run(*args: Any, **kwargs: Any) -> Any:
            return self._now()(*args, **kwargs)

        return run

    def function(self) -> Any:
        """Return the task's function, recorded, under its own name."""
        if inspect.iscoroutinefunction(self.fun):

            @functools.wraps(self.fun)
            async def arun(*args: Any, **kwargs: Any) -> Any:
                with self._running() as out:
                    out.append(await self._now()(*args, **kwargs))
                return out[0]

            return arun

        @functools.wraps(self.fun)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self._running() as out:
                out.append(self._now()(*args, **kwargs))
            return out[0]

        return run

    @contextmanager
    def _running(self) -> Iterator[list[Any]]:
        call = self._new() if self.began else self.call  # a new one when it is tried again
        self.began = True
        out: list[Any] = []
        with self.body.calls():
            if call is None:
                yield out
                return
            try:
                with call:
                    yield out
            except GraphBubbleUp:
                raise
            except Exception as error:
                call.fail(error)
                raise
            call.finish(out[0])
        if call.made is not None:
            self.body.made.append(call.made)
            self._write(out[0], call.made)

    def done(self, future: Any) -> None:
        """Find the origin of a result that was kept, so that the task did not run again."""
        if self.began or self.body.task is None or future.cancelled():
            return
        if future.exception() is None and future.result() is not None:
            self.body._recall(f"task {self.name}", future.result())

    def _write(self, value: Any, made: MessageNode[Any]) -> None:
        task = self.body.task
        assert task is not None
        known = Known(value, made, (), False)
        task.channels.write(f"task {self.name}", Write(task.step, task.id, value, known))

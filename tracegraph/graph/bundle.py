"""``bundle``: the decorator that makes a call one node of the graph."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any, overload

from tracegraph.errors import TracegraphError
from tracegraph.graph.calls import NodesCall
from tracegraph.graph.errors import ExecutionError
from tracegraph.graph.node import Node
from tracegraph.graph.operation import Operation
from tracegraph.graph.scope import Frame, current_frame, switch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence

    from tracegraph.graph.code.parameter import CodeParameter
    from tracegraph.graph.native import NativeCall

_RESERVED = "_tracegraph_bundle_"


class BundledFunction:
    """A function whose calls are recorded; made by `bundle`.

    While nodes flow, a call takes nodes or native values and returns a node. Inside a
    `record` of native values it takes and returns native values.
    """

    gives_items = False  # whether a call gives several nodes, one an item

    def __init__(
        self,
        fun: Callable[..., Any],
        *,
        description: str | None = None,
        name: str | None = None,
        traceable_code: bool = False,
        trainable: bool = False,
        catch_execution_error: bool = True,
        allow_external_dependencies: bool = False,
        overwrite_python_recursion: bool = False,
        n_outputs: int = 1,
        projections: Sequence[Any] = (),
        code: dict[str, Any] | None = None,
    ) -> None:
        functools.update_wrapper(self, fun, updated=())
        self.operation = Operation(fun, name=name, description=description)
        self.traceable = self.operation.on_nodes = traceable_code
        self.catch_execution_error = catch_execution_error
        self.allow_external_dependencies = allow_external_dependencies
        self.plain_recursion = overwrite_python_recursion or trainable
        self.n_outputs = n_outputs
        self.parameter: CodeParameter | None = None
        self._run: Callable[..., Any] = fun
        if trainable:
            from tracegraph.graph.code.parameter import CodeParameter

            self.parameter = CodeParameter(fun, projections=projections, **(code or {}))
            self._run = self.parameter.call

    # Calls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function and record the call."""
        if not switch.on:
            return self._plain(args, kwargs)
        outer = current_frame.get()
        if outer is not None and outer.plain is self:
            return self._run(*args, **kwargs)
        call = self._begin(outer, args, kwargs)
        try:
            with call:
                value = self._run(*call.args, **call.kwargs)
        except Exception as error:
            self._raise(call, error)
        return call.finish(value)

    def _begin(
        self, outer: Frame | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> NodesCall | NativeCall:
        if outer is not None and outer.recording is not None and outer.recording.native:
            from tracegraph.graph.native import NativeCall, TransparentCall

            kind = TransparentCall if self.traceable else NativeCall
            return kind(self, outer, args, kwargs)
        return NodesCall(self, outer, args, kwargs)

    def _plain(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for arg in args:
            if isinstance(arg, Node):
                args = tuple(a._data if isinstance(a, Node) else a for a in args)
                break
        if kwargs:
            kwargs = {k: v._data if isinstance(v, Node) else v for k, v in kwargs.items()}
        return self._run(*args, **kwargs)

    def _raise(self, call: NodesCall | NativeCall, error: Exception) -> None:
        raised = call.fail(error)
        if raised is error:
            raise error
        raise raised from error

    def catches(self, error: BaseException) -> bool:
        """Whether an error of the function becomes a node: tracegraph's own errors do not."""
        if isinstance(error, TracegraphError) and not isinstance(error, ExecutionError):
            return bool(getattr(error, "from_the_code", False))
        return self.catch_execution_error

    # Methods

    def __set_name__(self, owner: type, name: str) -> None:
        self.operation.receiver = True

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        bound = self if self.parameter is None else self._own(instance)
        return types.MethodType(bound, instance)

    def _own(self, instance: Any) -> BundledFunction:
        """Return the copy of a trainable method that belongs to one instance."""
        key = _RESERVED + self.operation.name
        try:
            attributes = vars(instance)
        except TypeError:
            return self  # no place to keep one: slots share the parameter of the class
        mine: BundledFunction | None = attributes.get(key)
        if mine is None:
            mine = attributes[key] = self.detach()
        return mine

    # The learned code

    @property
    def trainable(self) -> bool:
        """Whether the source code is a parameter."""
        return self.parameter is not None

    @property
    def name(self) -> str:
        """The name under which calls are recorded."""
        return self.operation.name

    @property
    def description(self) -> str:
        """What calls are described with."""
        return self.operation.description

    @property
    def fun(self) -> Callable[..., Any]:
        """The plain function that runs now: the original, or the learned code."""
        return self._run

    def parameters(self) -> list[CodeParameter]:
        """Return the code parameter in a list; empty when the code is fixed."""
        return [] if self.parameter is None else [self.parameter]

    def detach(self) -> BundledFunction:
        """Return a copy with a code parameter of its own."""
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        if self.parameter is not None:
            made.parameter = self.parameter.copy()
            made._run = made.parameter.call
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> BundledFunction:
        return self.detach()

    def __repr__(self) -> str:
        return f"<bundled {self.operation.name}>"


class AsyncBundledFunction(BundledFunction):
    """A bundled ``async def``."""

    # What inspect.iscoroutinefunction looks for from Python 3.12 on.
    _is_coroutine_mark = getattr(inspect, "_is_coroutine_mark", None)

    @property
    def _is_coroutine(self) -> Any:
        # What asyncio.iscoroutinefunction looks for; not worth importing asyncio.
        return getattr(sys.modules.get("asyncio.coroutines"), "_is_coroutine", None)

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function and record the call."""
        if not switch.on:
            return await self._plain(args, kwargs)
        outer = current_frame.get()
        if outer is not None and outer.plain is self:
            return await self._run(*args, **kwargs)
        call = self._begin(outer, args, kwargs)
        try:
            with call:
                value = await self._run(*call.args, **call.kwargs)
        except Exception as error:
            self._raise(call, error)
        return call.finish(value)


class GeneratorBundledFunction(BundledFunction):
    """A bundled generator function: each item that it yields is a node."""

    gives_items = True

    def __call__(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Call the function and record the call."""
        if not switch.on:
            return self._plain(args, kwargs)  # type: ignore[no-any-return]
        return self._items(self._begin(current_frame.get(), args, kwargs))

    def _items(self, call: NodesCall | NativeCall) -> Generator[Any, Any, Any]:
        inner = self._run(*call.args, **call.kwargs)
        step, sent = inner.send, None
        try:
            while True:
                try:
                    # The frame is there while the body runs, never while its consumer does.
                    with call:
                        value = step(sent)
                except StopIteration as stop:
                    return stop.value
                except Exception as error:
                    self._raise(call, error)
                step = inner.send
                try:
                    sent = yield call.finish(value)
                except GeneratorExit:
                    raise
                except BaseException as error:
                    step, sent = inner.throw, error
        finally:
            inner.close()


class AsyncGeneratorBundledFunction(BundledFunction):
    """A bundled async generator function: each item that it yields is a node."""

    gives_items = True

    def __call__(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        """Call the function and record the call."""
        if not switch.on:
            return self._plain(args, kwargs)  # type: ignore[no-any-return]
        return self._items(self._begin(current_frame.get(), args, kwargs))

    async def _items(self, call: NodesCall | NativeCall) -> AsyncIterator[Any]:
        inner = self._run(*call.args, **call.kwargs)
        step, sent = inner.asend, None
        try:
            while True:
                try:
                    with call:
                        value = await step(sent)
                except StopAsyncIteration:
                    return
                except Exception as error:
                    self._raise(call, error)
                step = inner.asend
                try:
                    sent = yield call.finish(value)
                except GeneratorExit:
                    raise
                except BaseException as error:
                    step, sent = inner.athrow, error
        finally:
            await inner.aclose()


def _kind(fun: Callable[..., Any]) -> type[BundledFunction]:
    plain: Any = fun
    while isinstance(plain, functools.partial):
        plain = plain.func
    if not inspect.isroutine(plain) and not inspect.isclass(plain):
        plain = type(plain).__call__
    if inspect.isasyncgenfunction(plain):
        return AsyncGeneratorBundledFunction
    if inspect.iscoroutinefunction(plain):
        return AsyncBundledFunction
    if inspect.isgeneratorfunction(plain):
        return GeneratorBundledFunction
    return BundledFunction


@overload
def bundle(description: Callable[..., Any]) -> BundledFunction: ...


@overload
def bundle(
    description: str | None = None,
    traceable_code: bool = False,
    trainable: bool = False,
    catch_execution_error: bool = True,
    allow_external_dependencies: bool = False,
    overwrite_python_recursion: bool = False,
    n_outputs: int = 1,
    projections: Sequence[Any] = (),
    **code: Any,
) -> Callable[[Callable[..., Any]], BundledFunction]: ...


def bundle(
    description: str | Callable[..., Any] | None = None,
    traceable_code: bool = False,
    trainable: bool = False,
    catch_execution_error: bool = True,
    allow_external_dependencies: bool = False,
    overwrite_python_recursion: bool = False,
    n_outputs: int = 1,
    projections: Sequence[Any] = (),
    **code: Any,
) -> Any:
    """Decorate a function so that each call is one node; with or without parentheses.

    Works on functions, coroutines, generators, async generators, methods, class and static
    methods, and callable objects.

    Args:
        description: what the function does, "[name] text" to name it too; by default its
            docstring.
        traceable_code: the body works on nodes, and what it calls is recorded inside as well.
        trainable: the source code is a parameter that an optimizer may change.
        catch_execution_error: an exception becomes an `ExceptionNode`, raised as
            `ExecutionError`; otherwise it passes unrecorded.
        allow_external_dependencies: nodes that the body reads without being passed them are
            recorded instead of refused.
        overwrite_python_recursion: calls of the function inside itself are not recorded.
        n_outputs: with more than one, the result is a tuple of that many nodes.
        projections: applied to code before it is accepted, each a function of the source or an
            object with ``project(source)``.
        **code: for trainable code: ``imports`` (names of modules it may import), ``isolation``
            ("sandbox", or "none", which runs learned code in this process and warns), and
            ``seconds`` (deadline of a call).

    Raises:
        SourceError: ``trainable`` on a lambda, a builtin or anything else without source.
    """

    def decorate(fun: Any) -> Any:
        if isinstance(fun, (staticmethod, classmethod)):
            return type(fun)(decorate(fun.__func__))
        if isinstance(fun, BundledFunction):
            fun = fun.operation.fun
        if not callable(fun):
            raise TypeError(f"bundle works on functions; got a {type(fun).__name__}")
        return _kind(fun)(
            fun,
            description=text,
            traceable_code=traceable_code,
            trainable=trainable,
            catch_execution_error=catch_execution_error,
            allow_external_dependencies=allow_external_dependencies,
            overwrite_python_recursion=overwrite_python_recursion,
            n_outputs=n_outputs,
            projections=projections,
            code=code,
        )

    if code and not trainable:
        raise TypeError(f"bundle got {', '.join(code)}, which are for trainable=True")
    if description is None or isinstance(description, str):
        text = description
        return decorate
    text = None
    return decorate(description)

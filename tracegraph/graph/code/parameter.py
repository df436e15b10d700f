"""``CodeParameter``: the source of a function as a value that an optimizer may change."""

from __future__ import annotations

import contextlib
import inspect
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

from tracegraph.graph.code.execution import InProcess, LearnedCode, Sandboxed
from tracegraph.graph.code.policy import PURE_MODULES, CodePolicy
from tracegraph.graph.code.source import find_function, function_source, signature_of
from tracegraph.graph.code.surroundings import imported_modules, surroundings_of
from tracegraph.graph.containers import convert, native
from tracegraph.graph.parameter import ParameterNode
from tracegraph.sandbox.codec import CodecError, dumps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from tracegraph.graph.code.execution import Executor

Isolation = Literal["sandbox", "none"]
# Versions of a function whose surroundings are remembered.
_REMEMBERED = 64


class CodeParameter(ParameterNode[str]):
    """The source code of a bundled function.

    While the source is the original one, the original function runs, here. Changed code must
    pass the `CodePolicy`, and runs in the sandbox; the old code runs until then. A class of
    this program arrives there with its methods when the code names it, else with its fields only.

    Args:
        fun: a function with source.
        imports: modules that a change may import, beside those that only compute.
        isolation: "sandbox", or "none" to run changed code in this process, which warns.
        seconds: the deadline of one call of changed code.
        projections: applied to each proposed source before it is checked.
        executor: where changed code runs, instead of what ``isolation`` says.

    Raises:
        SourceError: the function has no source.
    """

    __slots__ = ("_executor", "_learned", "_method", "_original", "_plain", "_policy")

    def __init__(
        self,
        fun: Callable[..., Any],
        *,
        imports: Sequence[str] = (),
        isolation: Isolation = "sandbox",
        seconds: float = 10.0,
        projections: Sequence[Any] = (),
        executor: Executor | None = None,
    ) -> None:
        source = function_source(fun)
        first = find_function(source, fun.__name__).args
        self._method = any(a.arg in ("self", "cls") for a in [*first.posonlyargs, *first.args][:1])
        name = fun.__name__
        self._plain = fun
        self._original: str = source
        self._policy = CodePolicy(
            name,
            signature_of(find_function(source, name)),
            PURE_MODULES | frozenset(imports) | imported_modules(source, fun),
        )
        self._learned: dict[str, LearnedCode] = {}
        if executor is None:
            executor = InProcess() if isolation == "none" else Sandboxed(seconds)
        self._executor = executor
        super().__init__(
            source,
            name=f"__code_{name}",
            kind="code",
            description=f"The source code of {name}.",
            constraint=[_Obeys(self._policy)],
            projections=projections,
        )

    @property
    def original(self) -> str:
        """The source as the user wrote it."""
        return self._original

    @property
    def policy(self) -> CodePolicy:
        """The rules that a change must keep."""
        return self._policy

    def validate(self, value: Any) -> Any:
        """Return the source as it would be accepted.

        Raises:
            CodeError: it does not parse, breaks the policy, or uses what cannot travel.
        """
        if value == self._original:
            return self._original
        accepted = super().validate(value)
        self._learn(accepted)
        return accepted

    def update(self, value: Any) -> str:
        """Replace the source and return the old one; on an error the old code keeps running.

        Raises:
            CodeError: the source is refused.
        """
        accepted = self.validate(getattr(value, "_data", value))
        if accepted != self._original:
            self._executor.check(self._code(accepted))
        old, self._data = self._data, accepted
        self._version += 1
        return old

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function as it is now; what it gives is of the kind that the original gives."""
        # A recording or a replay may give the parameter another source than its own for a while.
        source = native(self)
        if source == self._original:
            return self._plain(*args, **kwargs)
        code = self._code(source)
        if self._method and args:
            args = (_attributes(args[0]), *args[1:])
        if inspect.iscoroutinefunction(self._plain):
            return self._value(code, args, kwargs)
        if inspect.isasyncgenfunction(self._plain):
            return self._async_items(code, args, kwargs)
        if inspect.isgeneratorfunction(self._plain):
            return self._items(code, args, kwargs)
        return self._executor.call(code, args, kwargs)

    def _code(self, source: str) -> LearnedCode:
        return self._learned.get(source) or self._learn(source)

    def _learn(self, source: str) -> LearnedCode:
        """Return the source with what it needs from around the function, as that is now."""
        made = LearnedCode(source, self._policy.name, *surroundings_of(source, self._plain))
        if len(self._learned) >= _REMEMBERED:
            self._learned.clear()
        self._learned[source] = made
        return made

    async def _value(self, code: LearnedCode, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        import asyncio

        value = await asyncio.to_thread(self._executor.call, code, args, kwargs)
        # In this process it is a coroutine still.
        return await value if inspect.isawaitable(value) else value

    def _items(
        self, code: LearnedCode, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterator[Any]:
        yield from self._executor.call(code, args, kwargs)

    async def _async_items(
        self, code: LearnedCode, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> AsyncIterator[Any]:
        items = await self._value(code, args, kwargs)
        if isinstance(items, list):
            for item in items:
                yield item
        else:
            async for item in items:
                yield item


def _attributes(owner: Any) -> SimpleNamespace:
    """Return the plain attributes of the object of a method: what learned code sees of it."""
    seen = {}
    for name, value in getattr(owner, "__dict__", {}).items():
        plain = convert(value, native)
        with contextlib.suppress(CodecError):
            dumps(plain)
            seen[name] = plain
    return SimpleNamespace(**seen)


class _Obeys:
    """A code policy as a constraint."""

    __slots__ = ("policy",)

    def __init__(self, policy: CodePolicy) -> None:
        self.policy = policy

    def check(self, value: Any) -> str | None:
        """Raise what the policy raises: its message is made for optimizers."""
        self.policy.check(value)
        return None

    def __str__(self) -> str:
        return str(self.policy)

"""Model clients that are in use already: OpenAI's, and litellm's functions.

``client = trace_client(client)`` is the whole change. Inside ``record()`` each chat completion and
response is a call whose value is the answer's text. litellm's own callbacks run in another thread
after the answer has gone back, too late to say which later call used it.
"""

from __future__ import annotations

import copy
import functools
import inspect
import types
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from tracegraph.errors import TracegraphError
from tracegraph.integrations.calls import ForeignCall, operation, recording_frame
from tracegraph.models.errors import RequestError
from tracegraph.models.scope import surroundings

__all__ = ["trace_client", "ClientError"]

# What is recorded of a call; the rest (keys, headers, timeouts) is not what an answer depends on.
_ARGUMENTS = (
    "model",
    "messages",
    "input",
    "instructions",
    "tools",
    "response_format",
    "temperature",
)
_OF_LITELLM = ("completion", "acompletion", "responses", "aresponses")


class ClientError(TracegraphError):
    """Something that is no client of a kind that is known."""


def trace_client(client: Any) -> Any:
    """Return a client that does the same, and whose calls are recorded inside ``record()``.

    Args:
        client: an ``openai.OpenAI`` or ``AsyncOpenAI`` (or a subclass), or the module ``litellm``.

    Raises:
        ClientError: it is none of these.
    """
    if isinstance(client, types.ModuleType) and client.__name__ == "litellm":
        return _Litellm(client)
    if not hasattr(getattr(client, "chat", None), "completions"):
        raise ClientError(
            f"trace_client got {type(client).__name__}: pass an OpenAI client or the module litellm"
        )
    traced = client.with_options()
    for path in (("chat", "completions"), ("responses",)):
        holder = traced
        for name in path:
            part = copy.copy(getattr(holder, name))
            vars(holder)[name] = part
            holder = part
        for name in ("create", "parse"):
            if (fun := getattr(holder, name, None)) is not None:
                vars(holder)[name] = _recorded(fun, "chat" if "chat" in path else "respond")
    return traced


class _Litellm:
    """litellm with recorded functions; everything else is the module's."""

    def __init__(self, module: types.ModuleType) -> None:
        self._module = module
        for name in _OF_LITELLM:
            fun = getattr(module, name)
            setattr(self, name, _recorded(fun, "chat" if "completion" in name else "respond"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _recorded(fun: Callable[..., Any], name: str) -> Callable[..., Any]:
    about = "Ask a model for an answer."
    recorded = operation(name, about, lambda **given: answer_of(fun(**given)))
    bind = inspect.signature(fun).bind

    def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> ForeignCall | None:
        frame = recording_frame()
        if frame is None:
            return None
        given = bind(*args, **kwargs).arguments if args else kwargs
        return ForeignCall(recorded, frame, {k: given[k] for k in _ARGUMENTS if k in given})

    if inspect.iscoroutinefunction(fun):

        @functools.wraps(fun)
        async def arun(*args: Any, **kwargs: Any) -> Any:
            call = begin(args, kwargs)
            return await _awaited(fun(*args, **kwargs), call)

        return arun

    @functools.wraps(fun)
    def run(*args: Any, **kwargs: Any) -> Any:
        call = begin(args, kwargs)
        try:
            result = fun(*args, **kwargs)
        except Exception as error:
            raise _failed(call, error) from error.__cause__
        if inspect.isawaitable(result):  # an async method that a decorator made look plain
            return _awaited(result, call)
        if hasattr(result, "__next__"):
            return result if call is None else _Stream(result, call)
        return _finished(call, result)

    return run


async def _awaited(result: Any, call: ForeignCall | None) -> Any:
    try:
        value = await result
    except Exception as error:
        raise _failed(call, error) from error.__cause__
    if hasattr(value, "__aiter__"):
        return value if call is None else _AsyncStream(value, call)
    return _finished(call, value)


def _failed(call: ForeignCall | None, error: Exception) -> Exception:
    """Record an error, and tell who surrounds the call: a server's fault is no wrong answer."""
    status = getattr(error, "status_code", None)
    known = status if isinstance(status, int) else None
    surroundings().failed(RequestError(str(error), retry=False, status=known))
    return error if call is None else call.fail(error)


def _finished(call: ForeignCall | None, result: Any) -> Any:
    if call is None:
        return result
    answer = answer_of(result)
    call.finish(answer)
    _learn(call, result, answer)
    return result


def _learn(call: ForeignCall, result: Any, answer: Any) -> None:
    """Make the objects that the caller gets known as what the call returned."""
    made = call.made
    if made is None:
        return
    known = call.recording.known
    known.learn(result, made)
    for choice in getattr(result, "choices", None) or ():
        message = getattr(choice, "message", None)
        for part in (message, getattr(message, "content", None), getattr(message, "parsed", None)):
            if part:
                known.learn(part, made)
        for tool_call in getattr(message, "tool_calls", None) or ():
            known.learn(tool_call.function.arguments, made)
    for item in getattr(result, "output", None) or ():
        known.learn(item, made)
        for part in getattr(item, "content", None) or ():
            if text := getattr(part, "text", None):
                known.learn(text, made)
        if arguments := getattr(item, "arguments", None):
            known.learn(arguments, made)
    known.learn(answer, made)


def answer_of(result: Any) -> Any:
    """Return the answer of a completion or response: its text, or the tool calls in it."""
    choices = getattr(result, "choices", None)
    if choices:
        message = choices[0].message
        calls = [
            {"name": c.function.name, "arguments": c.function.arguments}
            for c in message.tool_calls or ()
        ]
        text = message.content or ""
        return {"text": text, "tool_calls": calls} if calls else text
    calls = [
        {"name": item.name, "arguments": item.arguments}
        for item in getattr(result, "output", None) or ()
        if getattr(item, "type", "") == "function_call"
    ]
    text = getattr(result, "output_text", "")
    return {"text": text, "tool_calls": calls} if calls else text


def _text_of(chunk: Any) -> str:
    if choices := getattr(chunk, "choices", None):
        return getattr(choices[0].delta, "content", None) or ""
    is_text = getattr(chunk, "type", "") == "response.output_text.delta"
    return str(chunk.delta) if is_text else ""


class _Recorded:
    """A stream whose text is recorded when it ends or is closed."""

    def __init__(self, inner: Any, call: ForeignCall) -> None:
        self._inner = inner
        self._call: ForeignCall | None = call
        self._texts: list[str] = []

    def _end(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call.finish("".join(self._texts))

    def _broke(self, error: Exception) -> Exception:
        call, self._call = self._call, None
        return _failed(call, error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Stream(_Recorded):
    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            chunk = next(self._inner)
        except StopIteration:
            self._end()
            raise
        except Exception as error:
            raise self._broke(error) from error.__cause__
        self._texts.append(_text_of(chunk))
        return chunk

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._end()
        self._inner.close()


class _AsyncStream(_Recorded):
    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            chunk = await anext(self._inner)
        except StopAsyncIteration:
            self._end()
            raise
        except Exception as error:
            raise self._broke(error) from error.__cause__
        self._texts.append(_text_of(chunk))
        return chunk

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        self._end()
        await self._inner.close()

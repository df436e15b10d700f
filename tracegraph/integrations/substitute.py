"""Prompts of code that is not ours: where a text stands, and the same code with another text.

Nothing is changed in place. Each call gets copies of the functions and objects on the way to the
text, so calls with different values can run side by side.
"""

from __future__ import annotations

import copy
import functools
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tracegraph.errors import TracegraphError
from tracegraph.graph.parameter import ParameterNode

Prompt = str | ParameterNode[Any]
Make = Callable[[], Any]

_DEPTH = 10


class PromptError(TracegraphError):
    """A prompt was not found where it was said to be."""


def place(
    holder: Any, prompts: Sequence[Prompt], what: str
) -> tuple[Make, list[ParameterNode[Any]]]:
    """Find prompts in a function or object.

    Args:
        holder: where the texts stand.
        prompts: parameters, or names of variables, attributes or arguments.
        what: the holder in words, for errors.

    Returns:
        A function that gives the holder with the present values of the parameters, and these.

    Raises:
        PromptError: a prompt is not there; it names what is.
    """
    texts = list(texts_in(holder))
    found: dict[str, ParameterNode[Any]] = {}
    for prompt in prompts:
        name = prompt.name if isinstance(prompt, ParameterNode) else prompt
        named = list(dict.fromkeys(text for known, text in texts if known == name))
        if not named and isinstance(prompt, ParameterNode):
            named = [text for _, text in texts if text == prompt._data][:1]
        if len(named) != 1:
            names = ", ".join(dict.fromkeys(known for known, _ in texts if known)) or "none"
            several = f"{len(named)} different texts" if named else "no text"
            raise PromptError(f"{what} reads {several} called {name!r}; texts with names: {names}")
        found[named[0]] = (
            prompt if isinstance(prompt, ParameterNode) else ParameterNode(named[0], name=prompt)
        )
    make = _maker(holder, found, {}, _DEPTH)
    assert make is not None
    return make, list(found.values())


def texts_in(holder: Any) -> Iterator[tuple[str, str]]:
    """Yield the texts that a function or object reads, each with its name or ""."""
    yield from _texts(holder, set(), _DEPTH)


def _texts(value: Any, seen: set[int], depth: int) -> Iterator[tuple[str, str]]:
    if id(value) in seen or depth == 0:
        return
    seen.add(id(value))
    for key, part in _parts(value).items():
        if isinstance(part, str):
            yield (str(key[1]) if key[0] != "constant" else ""), part
        else:
            yield from _texts(part, seen, depth - 1)


def _maker(
    value: Any, found: dict[str, ParameterNode[Any]], seen: dict[int, Any], depth: int
) -> Make | None:
    """Return what makes the value anew with the parameters in it; None where none is inside."""
    if isinstance(value, str):
        parameter = found.get(value)
        return None if parameter is None else lambda: parameter.data
    if id(value) in seen or depth == 0:
        return None
    seen[id(value)] = value
    makers = {}
    for key, part in _parts(value).items():
        if (make := _maker(part, found, seen, depth - 1)) is not None:
            makers[key] = make
    if not makers:
        return None
    del seen[id(value)]  # it may be reached by another way as well
    if _has_own_state(value):
        return _twin(value, makers)
    return lambda: _rebuilt(value, {key: make() for key, make in makers.items()})


def _parts(value: Any) -> dict[tuple[str, Any], Any]:
    """Return what a value refers to that may hold a text, by (kind, name)."""
    if isinstance(value, types.FunctionType):
        return _parts_of_function(value)
    if isinstance(value, types.MethodType):
        return {("method", "__func__"): value.__func__, ("method", "__self__"): value.__self__}
    if isinstance(value, functools.partial):
        parts: dict[tuple[str, Any], Any] = {("partial", "func"): value.func}
        parts |= {("args", i): item for i, item in enumerate(value.args)}
        return parts | {("keyword", k): item for k, item in value.keywords.items()}
    if isinstance(value, dict):
        return {("item", key): item for key, item in value.items()}
    if type(value) in (list, tuple):
        return {("item", i): item for i, item in enumerate(value)}
    if isinstance(value, (type, types.ModuleType)) or not hasattr(value, "__dict__"):
        return {}
    # How a part of a graph is called is no prompt.
    labels = ("name", "tags", "metadata") if _is_template(value) else ()
    parts = {("attribute", key): v for key, v in vars(value).items() if key not in labels}
    call = vars(type(value)).get("__call__")
    if isinstance(call, types.FunctionType) and _has_own_state(value):
        parts["method", "__call__"] = call
    return parts


def _parts_of_function(fun: types.FunctionType) -> dict[tuple[str, Any], Any]:
    parts: dict[tuple[str, Any], Any] = {}
    names = set(_names(fun.__code__))
    for name in sorted(names & fun.__globals__.keys()):
        value = fun.__globals__[name]
        ours = getattr(value, "__globals__", None) is fun.__globals__
        if isinstance(value, types.ModuleType):
            parts |= {
                ("module", (name, n)): text
                for n, text in vars(value).items()
                if n in names and isinstance(text, str)
            }
        elif isinstance(value, (str, list, tuple, dict)) or ours or _is_template(value):
            parts["global", name] = value
    for name, cell in zip(fun.__code__.co_freevars, fun.__closure__ or (), strict=True):
        try:
            parts["cell", name] = cell.cell_contents
        except ValueError:
            continue  # not assigned yet
    names_of = fun.__code__.co_varnames[: fun.__code__.co_argcount]
    defaults = fun.__defaults__ or ()
    parts |= {
        ("default", n): v
        for n, v in zip(names_of[len(names_of) - len(defaults) :], defaults, strict=True)
    }
    parts |= {("keyword", n): v for n, v in (fun.__kwdefaults__ or {}).items()}
    parts |= {("constant", text): text for text in _constants(fun.__code__)}
    return parts


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _names(inner)


def _constants(code: types.CodeType) -> Iterator[str]:
    for item in code.co_consts:
        if isinstance(item, str) and " " in item.strip():
            yield item
        elif isinstance(item, types.CodeType):
            yield from _constants(item)


def _rebuilt(value: Any, changed: dict[tuple[str, Any], Any]) -> Any:
    if isinstance(value, types.FunctionType):
        return _rebuilt_function(value, changed)
    named = {name: part for (_, name), part in changed.items()}
    if isinstance(value, types.MethodType):
        fun, owner = named.get("__func__", value.__func__), named.get("__self__", value.__self__)
        return types.MethodType(fun, owner)
    if isinstance(value, functools.partial):
        args = [changed.get(("args", i), item) for i, item in enumerate(value.args)]
        keywords = {k: changed.get(("keyword", k), item) for k, item in value.keywords.items()}
        return functools.partial(named.get("func", value.func), *args, **keywords)
    if isinstance(value, dict):
        made = copy.copy(value)
        made.update(named)
        return made
    if isinstance(value, (list, tuple)):
        return type(value)(named.get(i, item) for i, item in enumerate(value))
    made = copy.copy(value)
    vars(made).update(named)
    return made


def _rebuilt_function(
    fun: types.FunctionType, changed: dict[tuple[str, Any], Any]
) -> types.FunctionType:
    of_kind: dict[str, dict[Any, Any]] = {}
    for (kind, name), part in changed.items():
        of_kind.setdefault(kind, {})[name] = part
    code = _with_constants(fun.__code__, of_kind.get("constant", {}))
    around = fun.__globals__
    if "global" in of_kind or "module" in of_kind:
        around = {**around, **of_kind.get("global", {})}
        for (module, name), text in of_kind.get("module", {}).items():
            stand_in = types.ModuleType(module)
            vars(stand_in).update(vars(around[module]))
            setattr(stand_in, name, text)
            around[module] = stand_in
    cells = of_kind.get("cell", {})
    closure = tuple(
        types.CellType(cells[name]) if name in cells else cell
        for name, cell in zip(fun.__code__.co_freevars, fun.__closure__ or (), strict=True)
    )
    made = types.FunctionType(code, around, fun.__name__, fun.__defaults__, closure or None)
    made.__kwdefaults__ = fun.__kwdefaults__
    if defaults := of_kind.get("default"):
        names = fun.__code__.co_varnames[: fun.__code__.co_argcount]
        old = fun.__defaults__ or ()
        named = zip(names[len(names) - len(old) :], old, strict=True)
        made.__defaults__ = tuple(defaults.get(name, value) for name, value in named)
    if "keyword" in of_kind:
        made.__kwdefaults__ = {**(fun.__kwdefaults__ or {}), **of_kind["keyword"]}
    functools.update_wrapper(made, fun)
    return made


def _with_constants(code: types.CodeType, changed: dict[str, str]) -> types.CodeType:
    if not changed:
        return code
    return code.replace(
        co_consts=tuple(
            _with_constants(item, changed)
            if isinstance(item, types.CodeType)
            else changed.get(item, item)
            if isinstance(item, str)
            else item
            for item in code.co_consts
        )
    )


def _is_template(value: Any) -> bool:
    """Whether an object is of a kind that is made of texts: messages, templates, chains."""
    return type(value).__module__.partition(".")[0] in ("langchain_core", "langgraph")


def _has_own_state(value: Any) -> bool:
    """Whether code may keep things on the object, so that a copy would lose what is assigned."""
    plain = (types.FunctionType, types.MethodType, functools.partial, dict, list, tuple)
    return not isinstance(value, plain) and not _is_template(value)


def _twin(value: Any, makers: dict[tuple[str, Any], Make]) -> Make:
    """Return what gives an object with the attributes of another one, some read from parameters.

    Both have the same dict, so what is assigned to one is on the other.
    """
    kind = type(value)
    names = {name: _read(make) for (part, name), make in makers.items() if part == "attribute"}
    call = makers.get(("method", "__call__"))
    if call is not None:
        names["__call__"] = property(lambda self: types.MethodType(call(), self))
    try:
        twin_kind = type(kind.__name__, (kind,), {"__module__": kind.__module__, **names})
        twin: Any = object.__new__(twin_kind)
        object.__setattr__(twin, "__dict__", vars(value))
    except TypeError as error:
        raise PromptError(
            f"the texts of a {kind.__name__} cannot be replaced ({error}): keep the prompt in a "
            "variable of the function, or read a Parameter there"
        ) from None
    return lambda: twin


def _read(make: Make) -> property:
    return property(lambda _: make())

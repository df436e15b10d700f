"""Answers between tags: long texts and code stand as they are, without quotes and escapes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tracegraph.models.schema import Schema
from tracegraph.optimizers.suggestion import answer_form, suggested

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracegraph.graph.parameter import ParameterNode

_BLOCK = re.compile(r"<variable(?P<head>[^>]*)>(?P<body>.*?)</variable>", re.DOTALL)
_NAME = re.compile(r"""name\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_INNER_NAME = re.compile(r"<name>\s*(.*?)\s*</name>", re.DOTALL)
_INNER_VALUE = re.compile(r"<value>(.*?)</value>", re.DOTALL)
_REASONING = re.compile(r"<reasoning>\s*(.*?)\s*</reasoning>", re.DOTALL)
_SHOW = re.compile(r"<show>\s*(.*?)\s*</show>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tagged:
    """What an answer says.

    Attributes:
        values: by parameter, as texts, or as JSON gave them.
        reasoning: the text before.
        show: the name of a value to show whole; empty for none.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    reasoning: str = ""
    show: str = ""


def read_tagged(
    text: str,
    names: Sequence[str],
    parameters: Mapping[str, ParameterNode[Any]],
    current: Mapping[str, Any],
) -> Tagged:
    """Return what an answer says, in tags or as JSON; unknown names are ignored."""
    values: dict[str, Any] = {}
    for block in _BLOCK.finditer(text):
        name, body = _named(block["head"], block["body"])
        if not name and len(names) == 1:
            name = names[0]
        if name in names:
            values[name] = _value(body, parameters[name].kind)
    said = _REASONING.search(text)
    shown = _SHOW.search(text)
    if values or shown:
        return Tagged(values, said[1] if said else "", shown[1] if shown and not values else "")
    answer, _ = Schema(answer_form(parameters, names, current)).read(text)
    if answer is None:
        return Tagged(reasoning=said[1] if said else "")
    return Tagged(suggested(answer), str(getattr(answer, "reasoning", "")))


def _named(head: str, body: str) -> tuple[str, str]:
    inner, value = _INNER_NAME.search(body), _INNER_VALUE.search(body)
    if named := _NAME.search(head):
        name = next(filter(None, named.groups()), "")
        return name, value[1] if value and not inner else body
    return (inner[1], value[1]) if inner and value else ("", body)


def _value(body: str, kind: str) -> str:
    # The line breaks next to the tags are not part of the value; inner ones are.
    body = body.removeprefix("\n").removesuffix("\n")
    return body + "\n" if kind == "code" else body if kind == "text" else body.strip()

"""Read what the global system answers: moments with a local question each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# The whole form, as its reward checks it.
_FORM = re.compile(r"\s*<think>.*</think>\s*<answer>.*</answer>\s*", re.DOTALL)
_ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL)
_THINK = re.compile(r"<think>(.*?)(?:</think>|<answer>|\Z)", re.DOTALL)
_CLOCK = re.compile(r"\d{2}:\d{2}\.\d{1,2}")
_LOOSE = re.compile(r"(?:(\d+):)?(?:(\d+):)?(\d+(?:\.\d+)?)\s*(?:s|sec|seconds)?", re.IGNORECASE)
_FIELDS = ("start_time", "end_time", "description")
_STARTS = ("start_time", "start", "begin", "from", "time")
_ENDS = ("end_time", "end", "to", "until")
_TEXTS = ("description", "query", "caption", "text", "object")


@dataclass(frozen=True, slots=True)
class Moment:
    """A part of the video and what to look for in it; seconds."""

    start: float
    end: float
    query: str


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of the answer in braces.

    Attributes:
        parsed: it is JSON.
        formed: it has exactly the three fields, times as mm:ss.ff.
        moment: what it means, when its times are in order; None otherwise.
    """

    parsed: bool
    formed: bool
    moment: Moment | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text means.

    Attributes:
        form: the whole text has the form with both tags.
        thought: what stands in ``<think>``.
        items: every piece in braces of the answer.
        description: the answer as plain words, when it has no braces.
        repairs: what the lenient reading put up with, by kind.
    """

    form: bool
    thought: str
    items: tuple[Item, ...]
    description: str
    repairs: dict[str, int]

    @property
    def moments(self) -> list[Moment]:
        """The moments that can be used."""
        return [item.moment for item in self.items if item.moment is not None]


def read_strictly(text: str) -> Reading:
    """Return what a text in the published form means; items that deviate have no moment."""
    form = bool(_FORM.fullmatch(text))
    answer = _ANSWER.search(text)
    inner = answer.group(1) if answer and form else ""
    items = tuple(_strict(piece) for piece in _pieces(inner))
    return Reading(form, _thought(text), items, "" if items else inner.strip(), {})


def read_leniently(text: str) -> Reading:
    """Return what a text probably means: other field names, lists, times in any notation."""
    strict = read_strictly(text)
    if strict.moments and len(strict.moments) == len(strict.items):
        return strict
    repairs: dict[str, int] = {}

    def note(kind: str) -> None:
        repairs[kind] = repairs.get(kind, 0) + 1

    answer = _ANSWER.search(text)
    inner = answer.group(1) if answer else text.rpartition("</think>")[2]
    if not strict.form:
        note("form")
    items: list[Item] = []
    for piece in _pieces(inner):
        item = _strict(piece)
        if item.moment is None:
            found = _loose(piece)
            if found is not None:
                note("item")
                item = Item(item.parsed, item.formed, found)
        items.append(item)
    described = "" if items else inner.strip()
    return Reading(strict.form, _thought(text), tuple(items), described, repairs)


def seconds_of(value: Any) -> float | None:
    """Return seconds of "01:02.5", "1:02:03", "62.5 s" or a number; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if value >= 0 else None
    found = _LOOSE.fullmatch(str(value).strip())
    if found is None:
        return None
    first, second, last = found.groups()
    if second is not None:
        return int(first) * 3600 + int(second) * 60 + float(last)
    return int(first or 0) * 60 + float(last)


def _pieces(text: str) -> Iterator[str]:
    """Give each outermost piece in braces; one that is not closed goes to the end."""
    depth = start = 0
    quoted = escaped = False
    for place, sign in enumerate(text):
        if depth and quoted:
            escaped, quoted = sign == "\\" and not escaped, sign != '"' or escaped
        elif depth and sign == '"':
            quoted = True
        elif sign == "{":
            start = place if not depth else start
            depth += 1
        elif sign == "}" and depth:
            depth -= 1
            if not depth:
                yield text[start : place + 1]
    if depth:
        yield text[start:]


def _strict(piece: str) -> Item:
    try:
        told = json.loads(piece)
    except (ValueError, RecursionError):
        return Item(False, False, None)
    formed = (
        isinstance(told, dict)
        and sorted(told) == sorted(_FIELDS)
        and isinstance(told["description"], str)
        and all(isinstance(told[k], str) and _CLOCK.fullmatch(told[k]) for k in _FIELDS[:2])
    )
    if not formed:
        return Item(True, False, None)
    start, end = (seconds_of(told[key]) or 0.0 for key in _FIELDS[:2])
    moment = Moment(start, end, told["description"]) if start <= end else None
    return Item(True, True, moment)


def _loose(piece: str) -> Moment | None:
    try:
        told = json.loads(piece)
    except (ValueError, RecursionError):
        told = dict(re.findall(r'["\']?(\w+)["\']?\s*:\s*["\']?([^"\',}]+(?::[^"\',}]+)*)', piece))
    if not isinstance(told, dict):
        return None
    start = next((s for key in _STARTS if (s := seconds_of(told.get(key))) is not None), None)
    if start is None:
        return None
    end = next((s for key in _ENDS if (s := seconds_of(told.get(key))) is not None), start)
    query = next((str(told[key]) for key in _TEXTS if key in told), "")
    return Moment(min(start, end), max(start, end), query.strip())


def _thought(text: str) -> str:
    found = _THINK.search(text)
    return found.group(1).strip() if found else ""

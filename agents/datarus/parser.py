"""The incremental parser of the tags: text in as it streams, events out as parts complete.

However the text is cut into pieces, the events are the same; no text makes it raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from tracegraph.agents.datarus.events import (
    Answer,
    Block,
    Code,
    End,
    Event,
    Repair,
    Stray,
    Thought,
)
from tracegraph.agents.datarus.tags import LONGEST_TAG, TAG, TOOL, unescape

_Part = Literal["thought", "think", "action", "action_input", "answer", "observation"]

# Tags that end a part although its own closing tag is missing: anywhere, and only where they
# begin a line (inside it, they are more likely to be what the text is about).
_ANYWHERE: dict[_Part, frozenset[str]] = {
    "thought": frozenset({"/think", "action", "action_input", "/step", "/stop_analysis"}),
    "think": frozenset({"/thought", "/step", "/stop_analysis"}),
    "action": frozenset({"action_input", "/step", "step", "thought", "stop_analysis"}),
    "action_input": frozenset({"/step"}),
    "answer": frozenset({"/stop_analysis"}),
    "observation": frozenset({"/step"}),
}
_OPENERS = frozenset({"step", "stop_analysis", "observation"})
_LINE: dict[_Part, frozenset[str]] = {
    "thought": _OPENERS | {"answer"},
    "think": _OPENERS | {"answer", "thought", "action", "action_input"},
    "action": frozenset({"observation"}),
    "action_input": _OPENERS | {"/action"},
    "answer": frozenset({"step", "stop_analysis"}),
    "observation": frozenset({"step", "stop_analysis"}),
}
_FENCED = re.compile(r"```[^\n`]*\n(.*?)(?:\n?```|\Z)", re.DOTALL)


class Parser:
    """Reads one answer of a model.

    >>> parser = Parser()
    >>> events = parser.feed("<step><thought>Look.</thought><action>python_exec")
    >>> events
    [Thought(text='Look.')]
    """

    def __init__(self) -> None:
        self._buffer = ""  # what no event was made of yet
        self._scanned = 0  # where the next tag may begin
        self._part: _Part | None = None
        self._block: Block | None = None
        self._tool = ""
        self._thought = False  # in this block
        self._acted = False
        self._any = False  # in the whole text
        self._loose: list[str] = []  # outside of tags

    def feed(self, text: str) -> list[Event]:
        """Return what a further piece of text completes."""
        self._buffer += text
        events: list[Event] = []
        while (match := TAG.search(self._buffer, self._scanned)) is not None:
            events += self._tag(match)
        self._scanned = max(self._scanned, len(self._buffer) - LONGEST_TAG)
        return events

    def close(self, *, stopped: bool = False) -> list[Event]:
        """Return what the end of the text completes.

        Args:
            stopped: the server took a stop sequence off, so a block without its end is whole.
        """
        events = list(self._end_part(closed=False)) if self._part else list(self._outside())
        if not self._any and (found := _FENCED.search("".join(self._loose))):
            events += [Repair("bare_fence"), *self._code(found[1])]
        if self._block in ("step", "stop_analysis"):
            events += [] if stopped else [Repair("unclosed_block")]
            events.append(End(self._block))
        self._enter(None)
        return events

    def _tag(self, match: re.Match[str]) -> Iterator[Event]:
        closing, name = match[1], match[2].lower()
        tag = closing + name
        if self._part is not None and not self._ends(self._part, tag, match.start()):
            self._scanned = match.end()  # part of the text
            return
        text, self._buffer = self._buffer[: match.start()], self._buffer[match.end() :]
        self._scanned = 0
        if match[0] != f"<{tag}>":
            yield Repair("tag_spelling")
        if self._part is None:
            yield from self._between(tag, text)
        else:
            closed = tag == f"/{self._part}"
            yield from self._end_part(text, closed=closed)
            if not closed and tag not in ("/think", "/thought", "/action"):
                yield from self._between(tag, "")

    def _ends(self, part: _Part, tag: str, start: int) -> bool:
        if tag == f"/{part}" or tag in _ANYWHERE[part]:
            return True
        line = self._buffer[:start].rpartition("\n")[2]
        return tag in _LINE[part] and not line.strip()

    def _between(self, tag: str, text: str) -> Iterator[Event]:
        """A tag outside of every part."""
        match tag:
            case "/thought" | "/think" if not self._thought and text.strip():
                yield from self._think(text, "unopened_thought")
            case "/action_input" if self._block == "step" and not self._acted and text.strip():
                yield Repair("unopened_code")
                yield from self._code(text)
            case _:
                yield from self._outside(text)
                yield from self._structure(tag)

    def _structure(self, tag: str) -> Iterator[Event]:
        match tag:
            case "step" | "stop_analysis":
                yield from self._leave()
                self._enter("step" if tag == "step" else "stop_analysis")
            case "/step" | "/stop_analysis":
                if self._block is None and not self._acted:
                    yield Repair("misplaced_tag")
                elif self._block != tag[1:]:
                    yield Repair("unopened_block")
                    self._block = "step" if tag == "/step" else "stop_analysis"
                if self._block is not None:
                    yield End(self._block)
                self._enter(None)
            case "think" | "thought" | "action" | "action_input" | "answer" | "observation":
                if self._block is None and tag in ("think", "answer"):
                    self._block = "reflection"
                elif self._block is None and not self._acted:
                    yield Repair("unopened_block")
                    self._block = "step"
                if tag == "observation":
                    yield Repair("own_observation")
                self._part = tag
            case _:
                yield Repair("misplaced_tag")

    def _end_part(self, text: str | None = None, *, closed: bool) -> Iterator[Event]:
        if text is None:
            text, self._buffer, self._scanned = self._buffer, "", 0
        part, self._part = self._part, None
        match part:
            case "thought" | "think":
                yield from self._think(text, "" if closed else "unclosed_thought")
            case "action":
                self._tool = text.strip()
            case "action_input":
                if not closed:
                    yield Repair("unclosed_code")
                yield from self._code(text)
            case "answer":
                if not closed:
                    yield Repair("unclosed_answer")
                self._acted = self._any = True
                yield Answer(unescape(text.strip()))
                if self._block == "reflection":
                    yield End("reflection")
                    self._enter(None)
            case _:
                pass  # an observation that the model made up

    def _think(self, text: str, repair: str) -> Iterator[Event]:
        if repair:
            yield Repair(repair)
        if text.strip():
            self._thought = True
            yield Thought(unescape(text.strip()))

    def _code(self, text: str) -> Iterator[Event]:
        code, fenced = unfenced(text)
        if fenced:
            yield Repair("code_fence")
        if not code.strip():
            yield Repair("empty_code")
            return
        if not self._thought:
            yield Repair("missing_thought")
        if self._tool.lower() != TOOL:
            yield Repair("other_tool" if self._tool else "missing_action")
        self._acted = self._any = True
        yield Code(unescape(code), self._tool or TOOL)

    def _outside(self, text: str | None = None) -> Iterator[Event]:
        if text is None:
            text, self._buffer, self._scanned = self._buffer, "", 0
        if text.strip():
            self._loose.append(text)
            yield Stray(text.strip())

    def _leave(self) -> Iterator[Event]:
        if self._block in ("step", "stop_analysis"):
            yield Repair("unclosed_block")
            yield End(self._block)

    def _enter(self, block: Block | None) -> None:
        self._block, self._tool, self._thought, self._acted = block, "", False, False


def unfenced(text: str) -> tuple[str, bool]:
    """Return code without blank lines around it or a Markdown fence; whether it had a fence."""
    code = text.strip("\n").rstrip()
    if not code.lstrip().startswith("```"):
        return code, False
    body = code.lstrip().partition("\n")[2]
    return body.rstrip().removesuffix("```").strip("\n").rstrip(), True

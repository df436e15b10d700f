"""The forms in which a model is asked for the next step: the published tags, or a JSON schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from tracegraph.agents.datarus import fields, tags
from tracegraph.agents.datarus.cells import Done
from tracegraph.agents.datarus.parser import unfenced
from tracegraph.agents.datarus.reading import Move, read
from tracegraph.agents.datarus.texts import fill
from tracegraph.models import Completion

Message = dict[str, Any]


class Wants:
    """What the next step may be."""

    EITHER, CODE, ANSWER = "either", "code", "answer"


class Dialect(Protocol):
    """A form of steps.

    Attributes:
        ran, failed: the names of the prompts that say how to go on after a cell.
    """

    ran: str
    failed: str

    def history(self, cells: Sequence[Done], ran: str, failed: str) -> list[Message]:
        """Return the messages that tell of cells; the prompts say how to go on."""

    def options(self, wants: str, question: str) -> dict[str, Any]:
        """Return what a call of the model needs for a step."""

    def move(self, completion: Completion[Any]) -> Move:
        """Return what an answer means."""


class Tagged:
    """The tags, as published: the observation stands inside of the step."""

    ran, failed = "go_on", "correct"

    def history(self, cells: Sequence[Done], ran: str, failed: str) -> list[Message]:
        """Return a step and what to do now, for each cell."""
        told: list[Message] = []
        for cell in cells:
            seen = tags.step(cell.thought, cell.code, cell.output)
            text = fill(failed if cell.error else ran)
            told += [_said(seen), _user(text, cell.pngs)]
        return told

    def options(self, wants: str, question: str) -> dict[str, Any]:
        """Return the stop sequences."""
        return {"stop": list(tags.STOPS)}

    def move(self, completion: Completion[Any]) -> Move:
        """Return the first cell or answer."""
        return read(completion.text, stopped=completion.finish_reason == "stop")


class Structured:
    """Steps in JSON: a thought, then lines of code or an answer; nothing else can be written."""

    ran, failed = "output", "failed"

    def history(self, cells: Sequence[Done], ran: str, failed: str) -> list[Message]:
        """Return the step as the model wrote it and its output, for each cell."""
        told: list[Message] = []
        for cell in cells:
            step = {"thought": cell.thought, "code": cell.code.splitlines()}
            seen = json.dumps(step, ensure_ascii=False)
            text = fill(failed if cell.error else ran, output=tags.escape(cell.output))
            told += [_said(seen), _user(text, cell.pngs)]
        return told

    def options(self, wants: str, question: str) -> dict[str, Any]:
        """Return the schema."""
        return {"schema": schema(wants, fields.asked(question))}

    def move(self, completion: Completion[Any]) -> Move:
        """Return the parsed step."""
        parsed: dict[str, Any] = completion.parsed or {}
        answer = parsed.get("answer")
        if isinstance(answer, dict):
            answer = fields.write({name: str(value) for name, value in answer.items()})
        code, fenced = unfenced("\n".join(parsed.get("code", ())))
        notes = {"code_fence": 1} if fenced else {}
        return Move(str(parsed.get("thought", "")), code, answer, notes)


def schema(wants: str, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the JSON schema of a step; an answer has the fields that the question asks for."""
    text = {"type": "string", "maxLength": 200}
    answer: dict[str, Any] = {"type": "string", "maxLength": 2000}
    if names:
        answer = _object({name: text for name in names})
    thought = {"type": "string", "maxLength": 400}
    # Lines, not one text: small models forget the "\\n" of a JSON string, never a new line.
    line = {"type": "string", "maxLength": 300}
    lines = {"type": "array", "items": line, "minItems": 1, "maxItems": 60}
    code = _object({"thought": thought, "code": lines})
    end = _object({"thought": thought, "answer": answer})
    if wants == Wants.CODE:
        return {"title": "cell", **code}
    if wants == Wants.ANSWER:
        return {"title": "answer", **end}
    return {"title": "step", "anyOf": [code, end]}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _said(text: str) -> Message:
    return {"role": "assistant", "content": text}


def _user(text: str, pngs: Sequence[bytes] = ()) -> Message:
    if not pngs:
        return {"role": "user", "content": text}
    from tracegraph.models import image

    return {"role": "user", "content": [{"type": "text", "text": text}, *map(image, pngs)]}

"""Messages in OpenAI's form and in that of the GenAI semantic conventions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_FLAT = re.compile(r"gen_ai\.(prompt|completion)\.(\d+)\.(role|content)\Z")

_MESSAGE = re.compile(r"gen_ai\.(system|developer|user|assistant|tool)\.message\Z")


def to_parts(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return messages as the conventions' ``gen_ai.input.messages``: a role, and parts."""
    return [_converted(message) for message in messages]


def from_parts(told: Any) -> list[dict[str, Any]]:
    """Return ``gen_ai.input.messages``, a value or its JSON text, in OpenAI's form."""
    return [_restored(message) for message in _listed(told)]


def said_by(system: Any) -> str:
    """Return ``gen_ai.system_instructions``, parts or their JSON text, as one text."""
    parts = _listed(system)
    if not parts:
        return system if isinstance(system, str) and not system.startswith("[") else ""
    return str(_restored({"role": "system", "parts": parts})["content"])


def flat(attributes: Mapping[str, Any], which: str) -> list[dict[str, Any]]:
    """Return messages that older instrumentation wrote as gen_ai.prompt.0.content and so on."""
    found: dict[int, dict[str, Any]] = {}
    for key, value in attributes.items():
        match = _FLAT.match(key)
        if match is not None and match[1] == which:
            found.setdefault(int(match[2]), {"role": "user"})[match[3]] = value
    return [{"content": "", **found[number]} for number in sorted(found)]


def evented(
    events: Iterable[tuple[str, Mapping[str, Any]]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return messages that came one by one as events gen_ai.user.message, …, gen_ai.choice.

    Args:
        events: names and attributes, in their order.

    Returns:
        What was asked, and what was answered.
    """
    asked, answers = [], []
    for name, told in events:
        if (match := _MESSAGE.match(name)) is not None:
            asked.append(_said(told, match[1]))
        elif name == "gen_ai.choice":
            held = told.get("message")
            answers.append(_said(held if isinstance(held, Mapping) else told, "assistant"))
    return asked, answers


def _said(told: Mapping[str, Any], role: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "role": str(told.get("role") or role),
        "content": _text(told.get("content")),
    }
    if calls := _listed(told.get("tool_calls")):
        made["tool_calls"] = calls
    if role == "tool" and "id" in told:
        made["tool_call_id"] = told["id"]
    return made


def _converted(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    parts: list[dict[str, Any]] = []
    if message.get("role") == "tool":
        answer = {
            "type": "tool_call_response",
            "id": message.get("tool_call_id"),
            "response": content,
        }
        return {"role": "tool", "parts": [answer]}
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, Mapping) and "text" not in part:
            # A picture: what it shows stays in the store.
            parts.append({"type": str(part.get("type", "unknown"))})
        elif part:
            text = part["text"] if isinstance(part, Mapping) else part
            parts.append({"type": "text", "content": str(text)})
    for call in message.get("tool_calls") or []:
        function = call.get("function") or {}
        parts.append(
            {
                "type": "tool_call", "id": call.get("id"), "name": function.get("name"),
                "arguments": function.get("arguments"),
            }
        )  # fmt: skip
    return {"role": message.get("role", "user"), "parts": parts}


def _restored(message: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message.get("role", "user")}
    texts: list[str] = []
    for part in _listed(message.get("parts")):
        kind = part.get("type")
        if kind == "text":
            texts.append(str(part.get("content", "")))
        elif kind == "tool_call":
            function = {"name": part.get("name"), "arguments": part.get("arguments")}
            call = {"id": part.get("id"), "type": "function", "function": function}
            made.setdefault("tool_calls", []).append(call)
        elif kind == "tool_call_response":
            made["tool_call_id"] = part.get("id")
            texts.append(_text(part.get("response", part.get("result"))))
        elif kind is not None:
            texts.append(f"[{kind}]")
    if "parts" not in message:
        texts = [_text(message.get("content"))]
    return {**made, "content": "\n".join(texts)}


def _listed(told: Any) -> list[Mapping[str, Any]]:
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except (ValueError, RecursionError):
            return []
    return [each for each in told if isinstance(each, Mapping)] if isinstance(told, list) else []


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value)

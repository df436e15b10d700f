"""Structured answers: what to ask for, and how to read what comes."""

from __future__ import annotations

import json
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from tracegraph.models.errors import ModelError
from tracegraph.models.messages import Message
from tracegraph.prompts import load

T = TypeVar("T")

# How much of a wrong answer is shown back to the model and in messages.
_SHOWN = 2000


class Schema(Generic[T]):
    """A pydantic model, another type that pydantic knows, or a JSON schema.

    Raises:
        ModelError: it is none of these.
    """

    def __init__(self, kind: type[T] | dict[str, Any]) -> None:
        self._validator: Any = None
        self._adapter: TypeAdapter[T] | None = None
        if isinstance(kind, dict):
            self._validator = _json_schema_validator(kind)
            self.json = kind
            self.name = str(kind.get("title", "answer"))
            return
        try:
            self._adapter = TypeAdapter(kind)
            self.json = self._adapter.json_schema()
        except Exception as error:
            raise ModelError(
                f"{kind!r} cannot be turned into a JSON schema ({error}); give a pydantic model"
            ) from error
        self.name = getattr(kind, "__name__", "answer")

    def read(self, text: str, *, cut: bool = False) -> tuple[T | None, str | None]:
        """Return the validated value, or what is wrong with the text.

        Args:
            text: an answer: JSON, perhaps within Markdown or prose.
            cut: whether the answer ended because its tokens ran out.
        """
        problem = "it holds no JSON value"
        for value in _json_values(text):
            try:
                return self._validated(value), None
            except ValidationError as error:
                problem = "; ".join(
                    f"{'.'.join(map(str, e['loc'])) or 'the value'}: {e['msg']}"
                    for e in error.errors()[:5]
                )
            except ValueError as error:
                problem = str(error)
        if cut:
            problem = "it was cut off at the token limit; answer more briefly"
        return None, problem[:_SHOWN]

    def _validated(self, value: Any) -> T:
        if self._adapter is not None:
            # As JSON, so that tuples, dates and bytes are accepted in their JSON form.
            return self._adapter.validate_json(json.dumps(value))
        error = next(iter(self._validator.iter_errors(value)), None)
        if error is not None:
            raise ValueError(f"{'.'.join(map(str, error.path)) or 'the value'}: {error.message}")
        return value  # type: ignore[no-any-return]

    def instruction(self) -> str:
        """Return the text that asks for this schema where the server cannot enforce it."""
        return load("models/schema").format(schema=self._text())

    def repair(self, answer: str, problem: str) -> tuple[Message, Message]:
        """Return the messages that show an answer's problem and ask for another one."""
        text = load("models/repair").format(problem=problem, schema=self._text())
        return (
            {"role": "assistant", "content": answer[:_SHOWN] or "(nothing)"},
            {"role": "user", "content": text},
        )

    def _text(self) -> str:
        return json.dumps(self.json, ensure_ascii=False, separators=(",", ":"))


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema as OpenAI's strict mode wants it: closed objects, all fields required."""

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        made = {
            key: {name: walk(sub) for name, sub in value.items()}
            if key in ("properties", "$defs") and isinstance(value, dict)
            else walk(value)
            for key, value in node.items()
            if key != "default"
        }
        if made.get("type") == "object" and "properties" in made:
            made["additionalProperties"] = False
            made["required"] = list(made["properties"])
        return made

    walked: dict[str, Any] = walk(schema)
    return walked


def instruct(messages: list[Message], text: str) -> list[Message]:
    """Return the messages with a text added to the system message, or as one."""
    if messages and messages[0].get("role") == "system":
        first = messages[0]
        content = first.get("content") or ""
        if isinstance(content, str):
            return [{**first, "content": f"{content}\n\n{text}"}, *messages[1:]]
        return [{**first, "content": [*content, {"type": "text", "text": text}]}, *messages[1:]]
    return [{"role": "system", "content": text}, *messages]


def _json_schema_validator(schema: dict[str, Any]) -> Any:
    from jsonschema import SchemaError as InvalidSchema
    from jsonschema.validators import validator_for

    validator = validator_for(schema)
    try:
        validator.check_schema(schema)
    except InvalidSchema as error:
        raise ModelError(f"this is no JSON schema: {error.message}") from error
    return validator(schema)


def _json_values(text: str) -> list[Any]:
    """Return the JSON values in a text, the whole text's first, then the longest."""
    try:
        return [json.loads(text)]
    except ValueError:
        pass
    decoder = json.JSONDecoder()
    found: list[tuple[int, Any]] = []
    start = 0
    while start < len(text):
        if text[start] not in "{[":
            start += 1
            continue
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            start += 1
            continue
        found.append((end - start, value))
        start = end
    return [value for _, value in sorted(found, key=lambda item: -item[0])]

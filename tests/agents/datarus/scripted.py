"""A model that says what a test has written down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tracegraph.models import Completion, SchemaError, Usage, as_messages


class FakeModel:
    """Answers with the next reply: a text as it is, a dict as JSON; keeps what it was asked."""

    def __init__(self, replies: Iterable[str | dict[str, Any]], model: str = "fake") -> None:
        self.model = model
        self.asked: list[list[dict[str, Any]]] = []
        self.options: list[dict[str, Any]] = []
        self._replies = iter(replies)

    async def complete(self, messages: Any, **options: Any) -> Completion[Any]:
        messages = as_messages(messages)
        self.asked.append(messages)
        self.options.append(options)
        reply = next(self._replies)
        text = reply if isinstance(reply, str) else json.dumps(reply)
        if "schema" in options and isinstance(reply, str):
            raise SchemaError("no JSON", raw=reply, problem="it holds no JSON value")
        parsed = reply if "schema" in options else None
        usage = Usage(sum(len(str(m["content"])) for m in messages) // 4, len(text) // 4)
        return Completion(
            text, [], self.model, usage, 0.0, 0.0, False, "", {}, parsed, finish_reason="stop"
        )

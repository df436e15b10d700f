"""A request as a value: what is asked, of which model, under which name it is remembered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

from tracegraph.models.messages import Message, is_picture, picture_count, split_data_url


@dataclass(frozen=True, slots=True)
class Request:
    """One question to one model.

    `sampling` holds the parameters that decide what comes out (temperature, max_tokens, n,
    seed, ...); `schema` is a JSON schema or None. The hash covers exactly these fields, so
    equal questions have equal hashes on every machine and in every process.
    """

    model: str
    messages: list[Message]
    sampling: dict[str, Any]
    schema: dict[str, Any] | None = None
    logprobs: bool = False
    tools: list[dict[str, Any]] | None = None
    hash: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hash", self._hash())

    def _hash(self) -> str:
        key = {
            "model": self.model,
            "messages": self.messages,
            "sampling": self.sampling,
            "schema": self.schema,
            "logprobs": self.logprobs,
            "tools": self.tools,
        }
        text = json.dumps(key, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def n(self) -> int:
        """How many answers are asked for."""
        return int(self.sampling.get("n", 1))

    @property
    def max_tokens(self) -> int:
        """The most tokens that one answer may have."""
        return int(self.sampling["max_tokens"])

    @property
    def repeatable(self) -> bool:
        """Whether asking again should give the same: greedy decoding, or a seed."""
        return self.sampling.get("temperature") == 0 or self.sampling.get("seed") is not None

    def following(self, *messages: Message) -> Request:
        """Return this request with more messages at its end."""
        return replace(self, messages=[*self.messages, *messages])

    def most_prompt_tokens(self, per_image: int) -> int:
        """Return a number that the prompt's tokens cannot pass.

        A tokenizer that falls back to bytes makes at most one token a byte; templates add a
        system line, some marks around each message, and sometimes the schema.
        """
        total = 128
        for message in self.messages:
            total += 32 + len(
                json.dumps(_without_pictures(message), ensure_ascii=False).encode(
                    "utf-8", "replace"
                )
            )
        for extra in (self.schema, self.tools):
            if extra is not None:
                total += 64 + len(json.dumps(extra, ensure_ascii=False).encode("utf-8", "replace"))
        return total + per_image * picture_count(self.messages)


def for_the_record(messages: list[Message]) -> tuple[list[Message], dict[str, tuple[bytes, str]]]:
    """Return the messages with `blob:HASH` in place of data URLs, and those blobs by hash.

    A video of single frames becomes one `blob:HASH` a frame, with commas between them.
    """
    blobs: dict[str, tuple[bytes, str]] = {}

    def part(item: dict[str, Any]) -> dict[str, Any]:
        kind = str(item.get("type"))
        found = split_data_url(item[kind]["url"]) if is_picture(item) else None
        if found is None:
            return item
        names = [hashlib.sha256(data).hexdigest() for data, _ in found]
        blobs.update(zip(names, found, strict=True))
        return {**item, kind: {**item[kind], "url": ",".join(f"blob:{name}" for name in names)}}

    recorded = [
        {**message, "content": [part(item) for item in message["content"]]}
        if isinstance(message.get("content"), list)
        else message
        for message in messages
    ]
    return recorded, blobs


def _without_pictures(message: Message) -> Message:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [part for part in content if not is_picture(part)]}

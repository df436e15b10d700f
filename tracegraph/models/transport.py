"""What carries a request to a model, and how its reply is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from tracegraph.models.request import Request
from tracegraph.models.types import Choice, Usage

__all__ = ["Transport", "Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A chat completion in OpenAI's JSON form, its price in dollars, and who gave it."""

    raw: dict[str, Any]
    cost: float = 0.0
    server: str = ""


class Transport(Protocol):
    """A way to a model."""

    @property
    def free(self) -> bool:
        """Whether tokens cost nothing (and work that is lost is not charged)."""

    def constrains_to(self, schema: dict[str, Any]) -> bool:
        """Whether the server makes the decoder keep to this JSON schema."""

    def capacity(self, wanted: int) -> int:
        """How many requests it is sensible to have in flight, when `wanted` run or wait."""

    def worst_price(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return the most dollars that this many tokens can cost."""

    async def prompt_tokens(self, request: Request) -> int | None:
        """Return the exact number of prompt tokens, where the server can tell."""

    async def complete(self, request: Request, timeout: float) -> Reply:
        """Carry out one attempt; `timeout` is in seconds.

        Raises:
            RequestError: the attempt failed.
        """

    async def aclose(self) -> None:
        """Close the connections of this event loop."""


def read_choices(raw: dict[str, Any]) -> list[Choice[Any]]:
    """Return the choices of a chat completion, with token ids and log-probabilities."""
    found: list[Choice[Any]] = []
    for choice in sorted(raw.get("choices") or [], key=lambda c: c.get("index") or 0):
        message = choice.get("message") or {}
        tokens = (choice.get("logprobs") or {}).get("content") or None
        ids = choice.get("token_ids")
        if ids is None and tokens and all("id" in token for token in tokens):
            ids = [int(token["id"]) for token in tokens]
        found.append(
            Choice(
                text=message.get("content") or "",
                finish_reason=choice.get("finish_reason"),
                token_ids=ids,
                logprobs=[_finite(token["logprob"]) for token in tokens] if tokens else None,
                tool_calls=message.get("tool_calls"),
            )
        )
    return found


def read_usage(raw: dict[str, Any]) -> Usage:
    """Return the tokens that a chat completion says it used."""
    usage = raw.get("usage") or {}
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        int(usage.get("prompt_tokens") or 0),
        int(usage.get("completion_tokens") or 0),
        int(details.get("cached_tokens") or 0),
    )


def _finite(logprob: Any) -> float:
    value = float(logprob)
    return value if math.isfinite(value) else -9999.0  # vLLM's word for "impossible"

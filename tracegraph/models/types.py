"""Answers and what belongs to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; `reused` are prompt tokens from its prefix cache."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    reused: int = 0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.reused + other.reused,
        )


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One of the `n` answers.

    `token_ids` and `logprobs` have one entry a generated token, where the server gives them;
    log-probabilities are natural logarithms of the model's own distribution at temperature 1,
    before top-p, top-k and grammar. `problem` says why `parsed` is None although a schema was
    given.
    """

    text: str
    parsed: T | None = None
    problem: str | None = None
    finish_reason: str | None = None
    token_ids: list[int] | None = None
    logprobs: list[float] | None = None
    tool_calls: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Completion(Generic[T]):
    """An answer and how it came about.

    `text`, `parsed`, `token_ids`, `logprobs` and `finish_reason` are those of the first choice
    that could be used. `usage` and `cost` (dollars) include the repairs; an answer from the
    cache costs 0 and repeats the usage of the first time. `latency` is in seconds.
    """

    text: str
    choices: list[Choice[T]]
    model: str
    usage: Usage
    cost: float
    latency: float
    cached: bool
    request_hash: str
    sampling: dict[str, Any]
    parsed: T | None = None
    finish_reason: str | None = None
    token_ids: list[int] | None = None
    logprobs: list[float] | None = None
    prompt_token_ids: list[int] | None = None
    attempts: int = 1
    repairs: int = 0
    call_ids: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return self.text

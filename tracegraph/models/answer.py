"""Replies to completions, and completions to cache entries and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tracegraph.models.cache import Entry
from tracegraph.models.exchange import Exchanged
from tracegraph.models.request import Request
from tracegraph.models.schema import Schema
from tracegraph.models.transport import read_choices
from tracegraph.models.types import Choice, Completion, Usage


def from_exchange(
    last: Exchanged, request: Request, shape: Schema[Any] | None, earlier: list[Exchanged]
) -> Completion[Any]:
    """Return the completion of a last exchange after the `earlier` ones that were repaired."""
    all_ = [*earlier, last]
    return _build(
        last.reply.raw,
        request,
        shape,
        usage=sum((e.usage for e in all_), Usage()),
        cost=sum(e.reply.cost for e in all_),
        latency=sum(e.latency for e in all_),
        attempts=sum(e.attempts for e in all_),
        repairs=len(earlier),
        call_ids=[e.call_id for e in all_],
        cached=False,
    )


def to_entry(answer: Completion[Any]) -> Entry:
    """Return what a cache keeps of a completion."""
    usage = answer.usage
    return {
        "raw": answer.raw,
        "usage": [usage.prompt_tokens, usage.completion_tokens, usage.reused],
        "repairs": answer.repairs,
    }


def from_entry(
    entry: Entry, request: Request, shape: Schema[Any] | None, *, latency: float, call_id: str
) -> Completion[Any]:
    """Return the completion that a cache entry stands for."""
    return _build(
        entry["raw"],
        request,
        shape,
        usage=Usage(*entry["usage"]),
        cost=0.0,
        latency=latency,
        attempts=0,
        repairs=entry["repairs"],
        call_ids=[call_id],
        cached=True,
    )


def _build(
    raw: dict[str, Any], request: Request, shape: Schema[Any] | None, **facts: Any
) -> Completion[Any]:
    choices = read_choices(raw) or [Choice(text="", problem="the server gave no answer")]
    if shape is not None:
        choices = [_checked(choice, shape) for choice in choices]
    # The first that can be used speaks for all.
    best = next((choice for choice in choices if choice.problem is None), choices[0])
    return Completion(
        text=best.text,
        choices=choices,
        model=request.model,
        request_hash=request.hash,
        sampling=request.sampling,
        parsed=best.parsed,
        finish_reason=best.finish_reason,
        token_ids=best.token_ids,
        logprobs=best.logprobs,
        prompt_token_ids=raw.get("prompt_token_ids"),
        raw=raw,
        **facts,
    )


def _checked(choice: Choice[Any], shape: Schema[Any]) -> Choice[Any]:
    parsed, problem = shape.read(choice.text, cut=choice.finish_reason == "length")
    return replace(choice, parsed=parsed, problem=problem)

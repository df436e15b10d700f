"""Spans of a running service as episodes, for `tracegraph optimize --from-episodes`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from tracegraph import runs
from tracegraph.agents import Episode, Turn
from tracegraph.envs import Outcome
from tracegraph.integrations.otel.messages import evented, flat, from_parts, said_by
from tracegraph.integrations.otel.span import Span, SpanError

_MODEL_CALLS = frozenset({"chat", "text_completion", "generate_content"})
_SAMPLING = ("temperature", "max_tokens", "top_p", "seed")


def episodes_of(spans: Iterable[Span]) -> list[tuple[str, Episode]]:
    """Return an episode, with its key, for each agent's run, or for each trace without agents.

    The model calls below are its turns, in the order of time. What the service's evaluations said
    (events ``gen_ai.evaluation.result``) is its reward and feedback; a span that failed is a
    failure. Traces without a model call are left out.
    """
    every = list(spans)
    known = {(span.trace, span.id): span for span in every}
    below: dict[tuple[str, str], list[Span]] = {}
    for span in every:
        if span.parent:
            below.setdefault((span.trace, span.parent), []).append(span)
    agents = [s for s in every if _operation(s) == "invoke_agent" and not _inside(s, known)]
    taken = {span.trace for span in agents}
    roots = [s for s in every if (s.trace, s.parent) not in known and s.trace not in taken]
    found = []
    for top in sorted([*agents, *roots], key=lambda span: (span.start, span.id)):
        within = _subtree(top, below)
        calls = sorted((s for s in within if _is_call(s)), key=lambda s: (s.start, s.id))
        if calls:
            found.append((f"{top.trace}/{top.id}", _episode(top, within, calls)))
    return found


def store_spans(store: runs.Store, spans: Iterable[Span], *, name: str = "spans") -> runs.Run:
    """Keep the episodes of spans as a run of the store, and return it.

    Raises:
        SpanError: there is no model call among them.
    """
    found = episodes_of(spans)
    if not found:
        raise SpanError(
            "there is no model call among these spans: they need gen_ai.operation.name, and "
            "gen_ai.input.messages for what was asked (instrumentations record content only when "
            "they are told to)"
        )
    with runs.run_scope(store, "spans", name) as run:
        for key, episode in found:
            runs.add_episode(store, episode.to_stored(run.id, key)).result()
    return run


def _episode(top: Span, within: list[Span], calls: list[Span]) -> Episode:
    told = top.attributes
    made = Episode(
        str(told.get("gen_ai.agent.name") or top.name),
        str(told.get("tracegraph.env", "spans")),
        str(told.get("tracegraph.task") or told.get("gen_ai.conversation.id") or top.trace),
        started=top.start,
        finished=top.end,
    )
    said: list[dict[str, Any]] = []
    for call in calls:
        turn, conversation = _turn(call, said)
        made.turns.append(turn)
        said = conversation
        made.policy["model"] = str(_first(call, "gen_ai.request.model", "gen_ai.response.model"))
        for number, text in enumerate(_system(conversation)):
            made.policy[f"system{number or ''}"] = runs.version_of(text)
    made.answer = str(told.get("tracegraph.answer") or made.turns[-1].answer)
    _judge(made, top, within)
    return made


def _judge(made: Episode, top: Span, within: list[Span]) -> None:
    for span in within:
        for event in span.events:
            if event.name != "gen_ai.evaluation.result":
                continue
            name = str(event.attributes.get("gen_ai.evaluation.name", "score"))
            value = event.attributes.get("gen_ai.evaluation.score.value")
            if isinstance(value, int | float):
                made.rewards[name] = float(value)
            if said := event.attributes.get("gen_ai.evaluation.explanation"):
                made.feedback = "\n".join(filter(None, [made.feedback, str(said)]))
    scores = list(made.rewards.values())
    made.reward = sum(scores) / len(scores) if scores else None
    failed = top.error or next((span.error for span in within if span.error), "")
    made.error = failed
    outcome = "success" if not failed and (made.reward is None or made.reward >= 1) else "failure"
    made.outcome = cast("Outcome", top.attributes.get("tracegraph.outcome") or outcome)


def _turn(call: Span, said: list[dict[str, Any]]) -> tuple[Turn, list[dict[str, Any]]]:
    asked, answers = _messages(call)
    same = 0
    while same < min(len(said), len(asked)) and _alike(said[same], asked[same]):
        same += 1
    answer = answers[0] if answers else {"role": "assistant", "content": ""}
    observed = call.attributes.get("tracegraph.observation")
    turn = Turn(
        messages=asked[same:],
        answer=str(answer.get("content", "")),
        action=answer.get("tool_calls"),
        observation=_json(observed),
        seconds=max(0.0, call.end - call.start),
        sampling={
            name: call.attributes[f"gen_ai.request.{name}"]
            for name in _SAMPLING
            if f"gen_ai.request.{name}" in call.attributes
        },
        prompt_tokens=_count(call, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        completion_tokens=_count(
            call, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"
        ),
    )
    return turn, [*asked, answer]


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return text


def _messages(call: Span) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    told = dict(call.attributes)
    for event in call.events:  # some instrumentations put content into an event
        if event.name == "gen_ai.client.inference.operation.details":
            told |= event.attributes
    system = told.get("gen_ai.system_instructions")
    first = [{"role": "system", "content": text}] if (text := said_by(system)) else []
    singly = evented((event.name, event.attributes) for event in call.events)
    asked = from_parts(told.get("gen_ai.input.messages")) or flat(told, "prompt") or singly[0]
    answers = from_parts(told.get("gen_ai.output.messages")) or flat(told, "completion")
    return [*first, *asked], answers or singly[1]


def _system(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(m.get("content", "")) for m in messages if m.get("role") in ("system", "developer")]


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one.get(key) == other.get(key) for key in ("role", "content"))


def _operation(span: Span) -> str:
    return str(span.attributes.get("gen_ai.operation.name", ""))


def _is_call(span: Span) -> bool:
    flat_form = "gen_ai.prompt.0.content" in span.attributes  # older ones name no operation
    return _operation(span) in _MODEL_CALLS or flat_form


def _inside(span: Span, known: Mapping[tuple[str, str], Span]) -> bool:
    """Whether an agent's run is part of another one's."""
    seen = {span.id}
    while (parent := known.get((span.trace, span.parent))) is not None and parent.id not in seen:
        if _operation(parent) == "invoke_agent":
            return True
        seen.add(parent.id)
        span = parent
    return False


def _subtree(top: Span, below: Mapping[tuple[str, str], list[Span]]) -> list[Span]:
    found, todo, seen = [], [top], set()
    while todo:
        span = todo.pop()
        if span.id not in seen:
            seen.add(span.id)
            found.append(span)
            todo += below.get((span.trace, span.id), [])
    return found


def _first(span: Span, *names: str) -> Any:
    return next((span.attributes[name] for name in names if name in span.attributes), "")


def _count(span: Span, *names: str) -> int:
    value = _first(span, *names)
    return int(value) if isinstance(value, int | float) else 0

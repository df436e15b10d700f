"""A run of the store as spans: model calls, episodes, and the recorded graphs of evaluations.

The attributes are those of OpenTelemetry's GenAI semantic conventions; what these have no name for
begins with ``tracegraph.``. Recorded calls carry no clock: their spans lie in order inside the
span of their evaluation, and their links say which results they used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tracegraph import runs
from tracegraph.graph.subgraph import shorten
from tracegraph.integrations.otel.messages import to_parts
from tracegraph.integrations.otel.span import Event, Span

_ALL = 1_000_000
_LONG = 4000  # characters of a value
_SAMPLING = ("temperature", "max_tokens", "top_p", "seed", "frequency_penalty", "presence_penalty")


def spans_of(store: runs.Store, name: str) -> Iterator[Span]:
    """Yield a run as one trace, the run's own span first.

    Args:
        store: the open store.
        name: the run's id, the beginning of it, or "last".

    Raises:
        StoreError: there is no such run.
    """
    run = runs.find_run(store, name)
    trace = _digits(run.id, 32)
    root = Span(trace, _digits(trace + run.id, 16), f"invoke_workflow {run.name or run.kind}")
    root.start, root.end = run.started, run.finished or run.started
    root.attributes = {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": run.name or run.kind,
        "tracegraph.run": run.id,
        "tracegraph.status": run.status,
    }
    root.error = str(run.summary.get("error", "")) if run.status == "failed" else ""
    yield root
    for call in sorted(runs.list_calls(store, run=run.id, limit=_ALL), key=lambda c: c.started):
        yield _call(root, call)
    for episode in runs.list_episodes(store, run.id):
        yield from _episode(root, episode)
    for evaluation in runs.list_evaluations(store, run.id):
        yield from _evaluation(root, evaluation)


def _call(root: Span, call: runs.Call) -> Span:
    payload = call.payload
    answer = payload.get("answer") or []
    span = _chat(
        root, call.id, call.model, payload.get("messages") or [],
        [choice.get("message") or {} for choice in answer], payload.get("sampling") or {},
    )  # fmt: skip
    span.start, span.end = call.started, call.started + call.latency
    reasons = [str(choice["finish_reason"]) for choice in answer if choice.get("finish_reason")]
    span.attributes |= {
        "gen_ai.usage.input_tokens": call.prompt_tokens,
        "gen_ai.usage.output_tokens": call.completion_tokens,
        "gen_ai.response.finish_reasons": reasons,
        "tracegraph.cost": call.cost,
        "tracegraph.cached": call.cached,
        **({"tracegraph.node": call.node} if call.node else {}),
    }
    if call.status != "ok":
        span.error = call.error or call.status
        span.attributes["error.type"] = call.status
    return span


def _episode(root: Span, episode: runs.StoredEpisode) -> Iterator[Span]:
    told = episode.payload
    span = Span(root.trace, _digits(episode.id, 16), f"invoke_agent {episode.agent}", root.id)
    span.start, span.end = episode.started, episode.finished
    span.attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": episode.agent,
        "tracegraph.env": episode.env,
        "tracegraph.task": episode.task or "",
        "tracegraph.outcome": episode.outcome,
        "tracegraph.answer": str(told.get("answer", "")),
    }
    if episode.reward is not None:
        span.events.append(_score(episode.reward, told.get("feedback", ""), episode.finished))
    if told.get("error"):
        span.error = str(told["error"])
    yield span
    at = episode.started
    said: list[dict[str, Any]] = []
    for number, turn in enumerate(told.get("turns", [])):
        said += turn.get("messages", [])
        answer = {"role": "assistant", "content": turn.get("answer", "")}
        model = str(told.get("policy", {}).get("model", ""))
        one = _chat(span, f"{episode.id}/{number}", model, said, [answer], turn.get("sampling", {}))
        one.start, one.end = at, at + float(turn.get("seconds", 0.0))
        one.attributes |= {
            "gen_ai.usage.input_tokens": turn.get("prompt_tokens", 0),
            "gen_ai.usage.output_tokens": turn.get("completion_tokens", 0),
        }
        if turn.get("observation") is not None:
            one.attributes["tracegraph.observation"] = json.dumps(turn["observation"], default=str)
        at = one.end
        said = [*said, answer]
        yield one


def _evaluation(root: Span, row: runs.Evaluation) -> Iterator[Span]:
    told = row.payload
    span = Span(root.trace, _digits(f"{row.run}{row.key}", 16), f"evaluate {row.task}", root.id)
    span.end = row.created
    span.start = row.created - float(told.get("seconds") or 0.0)
    span.attributes = {
        "tracegraph.candidate": (row.candidate or "").rpartition(":")[2],
        "tracegraph.split": row.split or "",
        "tracegraph.outcome": row.outcome,
        "tracegraph.output": str(told.get("output", "")),
    }
    if row.score is not None:
        span.events.append(_score(row.score, told.get("feedback", ""), row.created))
    yield span
    yield from _nodes(span, told.get("graph") or {})


def _nodes(around: Span, graph: Mapping[str, Any]) -> Iterator[Span]:
    calls = {n["id"]: n for n in graph.get("nodes", []) if n["kind"] in ("call", "exception")}
    others = {n["id"]: n for n in graph.get("nodes", []) if n["kind"] == "parameter"}
    ids = {place: _digits(f"{around.id}/{place}", 16) for place in calls}
    step = (around.end - around.start) / max(1, len(calls))
    for number, (place, node) in enumerate(calls.items()):
        edges = [edge for edge in graph["edges"] if edge["target"] == place]
        operation = graph["operations"][node["operation"]]
        span = Span(around.trace, ids[place], str(operation["name"]), around.id)
        span.start = around.start + number * step
        span.end = span.start + step
        span.attributes = {
            "tracegraph.node": str(node["name"]),
            "tracegraph.value": shorten(json.dumps(node["value"], default=str), _LONG),
            "tracegraph.parameters": [
                str(others[edge["source"]]["name"]) for edge in edges if edge["source"] in others
            ],
        }
        span.links = [ids[edge["source"]] for edge in edges if edge["source"] in ids]
        if node["kind"] == "exception":
            span.error = str(node.get("error", "error"))
        yield span


def _chat(
    around: Span,
    key: str,
    model: str,
    messages: list[dict[str, Any]],
    answers: list[dict[str, Any]],
    sampling: Mapping[str, Any],
) -> Span:
    provider, slash, _ = model.partition("/")
    asked = [m for m in messages if m.get("role") not in ("system", "developer")]
    system = [p for m in to_parts([m for m in messages if m not in asked]) for p in m["parts"]]
    span = Span(around.trace, _digits(around.id + key, 16), f"chat {model}", around.id)
    span.kind = "client"
    span.attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider if slash else "tracegraph",
        "gen_ai.request.model": model,
        "gen_ai.input.messages": json.dumps(to_parts(asked)),
        "gen_ai.output.messages": json.dumps(
            to_parts([{"role": "assistant", **answer} for answer in answers])
        ),
        **{f"gen_ai.request.{name}": sampling[name] for name in _SAMPLING if name in sampling},
    }
    if system:
        span.attributes["gen_ai.system_instructions"] = json.dumps(system)
    return span


def _score(value: float, feedback: Any, time: float) -> Event:
    told = {"gen_ai.evaluation.name": "reward", "gen_ai.evaluation.score.value": float(value)}
    if feedback:
        told["gen_ai.evaluation.explanation"] = str(feedback)
    return Event("gen_ai.evaluation.result", told, time)


def _digits(text: str, count: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:count]

"""Spans as plain values, and OTLP's JSON form of them: files, collectors, SDK spans."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tracegraph._version import __version__
from tracegraph.errors import TracegraphError

Kind = Literal["internal", "client"]
NANO = 1_000_000_000  # in a second
_KINDS = {"internal": 1, "client": 3}


class SpanError(TracegraphError):
    """Spans cannot be read or sent."""


@dataclass(slots=True)
class Event:
    """Something that happened in a span; ``time`` in Unix seconds."""

    name: str
    attributes: dict[str, Any] = field(default_factory=dict)
    time: float = 0.0


@dataclass(slots=True)
class Span:
    """One span.

    Attributes:
        trace, id: 32 and 16 hexadecimal digits.
        parent: the id of the span around it; empty for a root.
        start, end: in Unix seconds.
        links: ids of spans of the same trace whose results it used.
        error: why it failed; empty when it did not.
    """

    trace: str
    id: str
    name: str
    parent: str = ""
    start: float = 0.0
    end: float = 0.0
    kind: Kind = "internal"
    attributes: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    error: str = ""


def to_otlp(spans: Iterable[Span], *, service: str = "tracegraph") -> dict[str, Any]:
    """Return spans as the JSON of an OTLP export request."""
    resource = {"attributes": _attributes({"service.name": service})}
    scope = {"name": "tracegraph", "version": __version__}
    made = [_to_json(span) for span in spans]
    return {
        "resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": made}]}]
    }


def write_spans(spans: Iterable[Span], path: Path) -> None:
    """Write spans as one line of OTLP JSON, as a collector's file exporter does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(to_otlp(spans)) + "\n", encoding="utf-8")


async def send_spans(
    spans: Iterable[Span], url: str, *, headers: Mapping[str, str] | None = None
) -> None:
    """Send spans to a collector's OTLP/HTTP endpoint, as http://127.0.0.1:4318/v1/traces.

    Raises:
        SpanError: it cannot be reached or refuses.
    """
    import httpx

    try:
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.post(url, json=to_otlp(spans), headers=dict(headers or {}))
    except httpx.HTTPError as error:
        raise SpanError(f"{url} cannot be reached: {error}") from error
    if answer.is_error:
        raise SpanError(f"{url} refused the spans: {answer.status_code} {answer.text[:200]}")


def read_spans(path: Path) -> list[Span]:
    """Return the spans of a file: OTLP JSON, one request a line or one alone.

    Raises:
        SpanError: it is none, with the place.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpanError(f"{path} cannot be read: {error}") from error
    try:
        return from_otlp(json.loads(text))
    except SpanError as error:
        raise SpanError(f"{path}: {error}") from error
    except ValueError:
        pass  # it has several lines, or none
    spans: list[Span] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                spans += from_otlp(json.loads(line))
            except (ValueError, SpanError) as error:
                raise SpanError(f"{path}, line {number}: no OTLP JSON: {error}") from error
    return spans


def from_otlp(request: Any) -> list[Span]:
    """Return the spans of an OTLP request in JSON.

    Raises:
        SpanError: it is none.
    """
    try:
        return [
            _from_json(span)
            for resource in request["resourceSpans"]
            for scope in resource.get("scopeSpans", resource.get("instrumentationLibrarySpans", []))
            for span in scope.get("spans", [])
        ]
    except KeyError as error:
        raise SpanError(f"this is no OTLP JSON: {error} is missing") from error
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise SpanError(f"this is no OTLP JSON ({type(error).__name__}: {error})") from error


def from_sdk(spans: Iterable[Any]) -> Iterator[Span]:
    """Yield spans of the OpenTelemetry SDK, as an in-memory exporter keeps them."""
    for span in spans:
        status = span.status
        yield Span(
            f"{span.context.trace_id:032x}",
            f"{span.context.span_id:016x}",
            span.name,
            "" if span.parent is None else f"{span.parent.span_id:016x}",
            (span.start_time or 0) / NANO,
            (span.end_time or 0) / NANO,
            "client" if span.kind.name == "CLIENT" else "internal",
            dict(span.attributes or {}),
            [Event(e.name, dict(e.attributes or {}), e.timestamp / NANO) for e in span.events],
            [f"{link.context.span_id:016x}" for link in span.links],
            (status.description or "error") if status.status_code.name == "ERROR" else "",
        )


def _to_json(span: Span) -> dict[str, Any]:
    made: dict[str, Any] = {
        "traceId": span.trace,
        "spanId": span.id,
        "name": span.name,
        "kind": _KINDS[span.kind],
        "startTimeUnixNano": str(int(span.start * NANO)),
        "endTimeUnixNano": str(int(span.end * NANO)),
        "attributes": _attributes(span.attributes),
        "status": {"code": 2, "message": span.error} if span.error else {},
    }
    if span.parent:
        made["parentSpanId"] = span.parent
    if span.events:
        made["events"] = [
            {
                "name": event.name,
                "timeUnixNano": str(int(event.time * NANO)),
                "attributes": _attributes(event.attributes),
            }
            for event in span.events
        ]
    if span.links:
        made["links"] = [{"traceId": span.trace, "spanId": link} for link in span.links]
    return made


def _from_json(span: Mapping[str, Any]) -> Span:
    status = span.get("status") or {}
    failed = status.get("code") in (2, "STATUS_CODE_ERROR")
    return Span(
        str(span["traceId"]).lower(),
        str(span["spanId"]).lower(),
        str(span.get("name", "")),
        str(span.get("parentSpanId", "")).lower(),
        int(span.get("startTimeUnixNano", 0)) / NANO,
        int(span.get("endTimeUnixNano", 0)) / NANO,
        "client" if span.get("kind") in (3, "SPAN_KIND_CLIENT") else "internal",
        read_attributes(span.get("attributes")),
        [
            Event(
                str(e["name"]),
                read_attributes(e.get("attributes")),
                int(e.get("timeUnixNano", 0)) / NANO,
            )
            for e in span.get("events") or []
        ],
        [str(link["spanId"]).lower() for link in span.get("links") or []],
        str(status.get("message") or "error") if failed else "",
    )


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [_value(each) for each in value]}}
    return {"stringValue": str(value)}


def read_attributes(pairs: Any) -> dict[str, Any]:
    """Return attributes of OTLP's JSON as plain values by name."""
    return {str(pair["key"]): plain(pair.get("value")) for pair in pairs or []}


def plain(value: Any) -> Any:
    """Return a value of OTLP's JSON as a plain one."""
    if not value:
        return None
    (kind, held) = next(iter(value.items()))
    if kind == "intValue":
        return int(held)
    if kind == "arrayValue":
        return [plain(each) for each in held.get("values", [])]
    if kind == "kvlistValue":
        return read_attributes(held.get("values"))
    return held

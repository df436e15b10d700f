"""Events of OTLP's log signal: what newer instrumentations tell beside their spans.

Messages of model calls and results of evaluations may come as log records that name the span they
belong to; they become events of that span.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tracegraph.integrations.otel.span import NANO, Event, SpanError, plain, read_attributes


def events_from_otlp(request: Any) -> list[tuple[str, str, Event]]:
    """Return the events of an OTLP log request in JSON: trace, span, event.

    Records without a trace, or without a name, are left out.

    Raises:
        SpanError: it is none.
    """
    try:
        return list(_events(request))
    except KeyError as error:
        raise SpanError(f"this is no OTLP JSON: {error} is missing") from error
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise SpanError(f"this is no OTLP JSON ({type(error).__name__}: {error})") from error


def _events(request: Mapping[str, Any]) -> Iterator[tuple[str, str, Event]]:
    for resource in request["resourceLogs"]:
        for scope in resource.get("scopeLogs", []):
            for record in scope.get("logRecords", []):
                told = read_attributes(record.get("attributes"))
                name = str(record.get("eventName") or told.pop("event.name", ""))
                trace = str(record.get("traceId", "")).lower()
                if not name or not trace:
                    continue
                body = plain(record.get("body"))
                told |= body if isinstance(body, dict) else {"body": body} if body else {}
                time = record.get("timeUnixNano") or record.get("observedTimeUnixNano") or 0
                span = str(record.get("spanId", "")).lower()
                yield trace, span, Event(name, told, int(time) / NANO)

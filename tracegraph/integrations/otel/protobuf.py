"""OTLP requests in protobuf, as exporters send them when they are not told otherwise."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Literal

from tracegraph.errors import MissingExtraError
from tracegraph.integrations.otel.span import SpanError

_IDS = ("traceId", "spanId", "parentSpanId")


def json_of(data: bytes, signal: Literal["traces", "logs"]) -> dict[str, Any]:
    """Return a request in OTLP's JSON form.

    Raises:
        MissingExtraError: the package with OTLP's messages is not installed.
        SpanError: it is no such request.
    """
    try:
        from google.protobuf.json_format import MessageToDict
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
    except ImportError as error:
        raise MissingExtraError("otel", "opentelemetry-proto") from error
    kind: Any = (
        traces.ExportTraceServiceRequest if signal == "traces" else logs.ExportLogsServiceRequest
    )
    try:
        made: dict[str, Any] = MessageToDict(kind.FromString(data))
    except (DecodeError, ValueError, RecursionError) as error:
        raise SpanError(f"this is no OTLP request in protobuf: {error}") from error
    made.setdefault("resourceSpans" if signal == "traces" else "resourceLogs", [])
    for holder in _with_ids(made):
        for name in _IDS:
            if name in holder:  # bytes are base64 here, and ids hexadecimal in OTLP
                holder[name] = base64.b64decode(holder[name]).hex()
    return made


def _with_ids(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in request.get("resourceSpans", []):
        for scope in resource.get("scopeSpans", []):
            for span in scope.get("spans", []):
                yield span
                yield from span.get("links", [])
    for resource in request.get("resourceLogs", []):
        for scope in resource.get("scopeLogs", []):
            yield from scope.get("logRecords", [])

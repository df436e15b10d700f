"""OpenTelemetry: runs as spans, and spans of a service as episodes to learn from.

>>> from tracegraph.integrations.otel import read_spans, store_spans
>>> run = store_spans(store, read_spans(Path("spans.jsonl")))  # doctest: +SKIP

Neither needs a package of OpenTelemetry: OTLP's JSON is read and written as it is. Spans that the
SDK keeps in memory are taken with ``from_sdk``. A `Receiver` takes in what a running service
exports, in protobuf as well (extra ``otel``).
"""

from tracegraph.integrations.otel.exported import spans_of
from tracegraph.integrations.otel.imported import episodes_of, store_spans
from tracegraph.integrations.otel.receiver import Receiver, receiver_app
from tracegraph.integrations.otel.span import (
    Event,
    Span,
    SpanError,
    from_otlp,
    from_sdk,
    read_spans,
    send_spans,
    to_otlp,
    write_spans,
)
from tracegraph.integrations.otel.traces import Traces

__all__ = [
    "Span", "Event", "SpanError",
    "spans_of", "write_spans", "send_spans", "to_otlp",
    "read_spans", "from_otlp", "from_sdk", "episodes_of", "store_spans",
    "Receiver", "Traces", "receiver_app",
]  # fmt: skip

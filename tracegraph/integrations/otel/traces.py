"""Spans as they come in, in any order and in parts, until their traces are whole."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tracegraph.integrations.otel.span import Event, Span

_REMEMBERED = 100_000  # traces that were given out already


@dataclass(slots=True)
class _Trace:
    last: float
    rooted: bool = False
    spans: dict[str, Span] = field(default_factory=dict)
    events: list[tuple[str, Event]] = field(default_factory=list)


class Traces:
    """Collects spans by trace.

    Services send what has ended: the root of a trace comes last, and spans of other services, or
    judgements, may come after it.

    Args:
        settle: seconds without news after which a trace with its root is whole.
        patience: the same for a trace whose root has not come.
        most: spans to hold at a time; beyond it the oldest trace is given out as it is.
    """

    def __init__(
        self, *, settle: float = 5.0, patience: float = 600.0, most: int = 200_000
    ) -> None:
        self.settle, self.patience, self.most = settle, patience, most
        self.late = 0  # spans and events of traces that were given out before
        self._open: OrderedDict[str, _Trace] = OrderedDict()
        self._given: OrderedDict[str, None] = OrderedDict()
        self._held = 0

    def add(
        self,
        spans: Iterable[Span] = (),
        events: Iterable[tuple[str, str, Event]] = (),
        *,
        now: float,
    ) -> None:
        """Take in spans and events of spans; ``now`` in seconds of any clock that only rises."""
        for span in spans:
            if (trace := self._trace(span.trace, now)) is not None:
                self._held += span.id not in trace.spans  # exporters send again when unsure
                trace.spans[span.id] = span
                trace.rooted = trace.rooted or not span.parent
        for name, within, event in events:
            if (trace := self._trace(name, now)) is not None:
                self._held += 1
                trace.events.append((within, event))

    def whole(self, now: float) -> list[list[Span]]:
        """Return, once, the spans of each trace that is whole by now."""
        ready = [
            name
            for name, trace in self._open.items()
            if now - trace.last >= (self.settle if trace.rooted else self.patience)
        ]
        given = [self._give(name) for name in ready]
        while self._held > self.most:
            given.append(self._give(next(iter(self._open))))
        return given

    def rest(self) -> list[list[Span]]:
        """Return, once, the spans of all traces that are there."""
        return [self._give(name) for name in list(self._open)]

    def _trace(self, name: str, now: float) -> _Trace | None:
        if name in self._given:
            self.late += 1
            return None
        trace = self._open.setdefault(name, _Trace(now))
        trace.last = now
        self._open.move_to_end(name)
        return trace

    def _give(self, name: str) -> list[Span]:
        trace = self._open.pop(name)
        self._held -= len(trace.spans) + len(trace.events)
        self._given[name] = None
        while len(self._given) > _REMEMBERED:
            self._given.popitem(last=False)
        for within, event in trace.events:
            span = trace.spans.get(within) or next(
                (each for each in trace.spans.values() if not each.parent), None
            )
            if span is not None:
                span.events = sorted([*span.events, event], key=lambda each: each.time)
        return list(trace.spans.values())

"""Prompts improved from what a running service told OpenTelemetry, and runs told to a collector.

Run it: python cookbook/21_opentelemetry.py

A service with instrumented model calls writes spans; here three are made up, as its collector's
file exporter would write them. They become episodes of the run store, from which

    tracegraph episodes import spans.jsonl
    tracegraph optimize service.py --from-episodes last

proposes prompts. In place of a file, `tracegraph serve otlp` takes what a running service exports
(OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318). The other way,
`tracegraph export last --spans FILE|URL` writes any run as spans.
"""

import json
import tempfile
from pathlib import Path

from tracegraph.integrations.otel import (
    Event,
    Span,
    read_spans,
    spans_of,
    store_spans,
    write_spans,
)
from tracegraph.runs import Store, list_episodes

SYSTEM = "You answer questions about orders."
ASKED = [
    ("Where is order 7?", "I do not know.", 0.0, "The order number was in the question."),
    ("Can I return a shirt?", "Yes, within 30 days.", 1.0, ""),
    ("Cancel order 9!", "Please call us.", 0.0, "The service can cancel orders by itself."),
]


def parts(role, text):
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def service():
    """Yield the spans of three requests: one around each, one for its call of the model."""
    for number, (question, answer, score, said) in enumerate(ASKED, 1):
        trace, request, call = f"{number:032x}", f"{number:016x}", f"{number + 100:016x}"
        told = {"gen_ai.evaluation.score.value": score, "gen_ai.evaluation.explanation": said}
        yield Span(trace, request, "POST /ask", events=[Event("gen_ai.evaluation.result", told)])
        yield Span(
            trace, call, "chat gpt-4.1-mini", request, kind="client", start=number, end=number + 1,
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": "gpt-4.1-mini",
                "gen_ai.system_instructions": json.dumps([{"type": "text", "content": SYSTEM}]),
                "gen_ai.input.messages": parts("user", question),
                "gen_ai.output.messages": parts("assistant", answer),
            },
        )  # fmt: skip


def main():
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder, "runs.db")) as store:
        file = Path(folder, "spans.jsonl")
        write_spans(service(), file)
        run = store_spans(store, read_spans(file))
        for episode in list_episodes(store, run.id):
            turn = episode.payload["turns"][0]
            print(f"{episode.reward:.0f}  {turn['messages'][-1]['content']} -> {turn['answer']}")
            if episode.payload["feedback"]:
                print(f"   {episode.payload['feedback']}")
        print("\nthe same as spans:")
        for span in spans_of(store, run.id):
            print(f"{'  ' if span.parent else ''}{span.name}")


if __name__ == "__main__":
    main()

"""Runs as spans and spans as episodes: round trips, the SDK, a collector, an optimisation."""

import contextlib
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.training.finished_run import finish
from tracegraph import runs
from tracegraph.agents import Episode, Turn
from tracegraph.cli.main import app
from tracegraph.integrations.otel import (
    Event,
    Span,
    SpanError,
    episodes_of,
    from_otlp,
    from_sdk,
    read_spans,
    send_spans,
    spans_of,
    store_spans,
    to_otlp,
    write_spans,
)

SYSTEM = "Answer in one word."


def an_episode(task="t1", reward=0.5):
    """An episode of two turns."""
    asked = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Capital?"}]
    made = Episode("guide", "shop", task, started=100.0, finished=104.0, feedback="too long")
    made.policy = {"model": "openai/gpt"}
    made.turns = [
        Turn(messages=asked, answer="Paris it is", prompt_tokens=9, completion_tokens=3,
             seconds=1.5, sampling={"temperature": 0.2}, observation={"text": "no"}),
        Turn(messages=[{"role": "user", "content": "Shorter."}], answer="Paris", seconds=2.0),
    ]  # fmt: skip
    made.answer, made.reward, made.outcome = "Paris", reward, "failure"
    return made


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    with runs.Store(tmp_path / ".tracegraph" / "runs.db") as opened:
        yield opened


def test_episodes_come_back_as_they_were(store, tmp_path):
    with runs.run_scope(store, "eval", "shop") as run:
        for number in range(3):
            row = an_episode(f"t{number}", number / 2).to_stored(run.id, str(number))
            runs.add_episode(store, row).result()
    file = tmp_path / "spans.jsonl"
    write_spans(spans_of(store, run.id), file)
    kept = store_spans(store, read_spans(file))
    rows = sorted(runs.list_episodes(store, kept.id), key=lambda row: str(row.task))
    back = [Episode.from_stored(row) for row in rows]
    assert [(e.task, e.reward, e.outcome) for e in back] == [
        ("t0", 0.0, "failure"), ("t1", 0.5, "failure"), ("t2", 1.0, "failure"),
    ]  # fmt: skip
    wanted, got = an_episode(), back[1]
    for name in ("agent", "env", "answer", "feedback", "started", "finished"):
        assert getattr(got, name) == getattr(wanted, name)
    assert [turn.messages for turn in got.turns] == [turn.messages for turn in wanted.turns]
    for name in ("answer", "prompt_tokens", "completion_tokens", "sampling", "observation"):
        assert [getattr(t, name) for t in got.turns] == [getattr(t, name) for t in wanted.turns]
    assert got.turns[0].seconds == pytest.approx(1.5, abs=1e-6)
    assert got.policy == {"model": "openai/gpt", "system": runs.version_of(SYSTEM)}


def test_a_run_is_one_trace_whose_links_are_the_data_flow(store, tmp_path):
    finish(tmp_path, store)
    spans = list(spans_of(store, "last"))
    root = spans[0]
    assert root.name == "invoke_workflow triage"
    assert {span.trace for span in spans} == {root.trace}
    assert len({span.id for span in spans}) == len(spans)
    evaluated = next(span for span in spans if span.name.startswith("evaluate "))
    scored = evaluated.events[0].attributes
    assert scored["gen_ai.evaluation.score.value"] in (0.0, 1.0)
    urgency, route = [span for span in spans if span.parent == evaluated.id][-2:]
    assert (urgency.name, route.name) == ("urgency", "route")
    assert route.links == [urgency.id]
    assert route.attributes["tracegraph.parameters"] == ["threshold"]
    assert evaluated.start <= urgency.start <= urgency.end <= route.end <= evaluated.end + 1e-6


def test_model_calls_have_the_names_of_the_conventions(store):
    with runs.run_scope(store, "serve") as run:
        call = runs.Call("openai/gpt-4.1", "ok", "hash", run=run.id, prompt_tokens=7)
        call.completion_tokens, call.latency, call.started = 2, 0.5, 50.0
        call.payload = {
            "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Hi"}],
            "sampling": {"temperature": 0.0, "max_tokens": 5, "stop": ["x"]},
            "answer": [{"message": {"content": "Yo"}, "finish_reason": "stop"}],
        }
        runs.add_call(store, call).result()
        failed = runs.Call("openai/gpt-4.1", "error", "hash", run=run.id, error="no server")
        runs.add_call(store, failed).result()
    _, chat, broken = spans_of(store, run.id)
    assert (chat.name, chat.kind, chat.end - chat.start) == ("chat openai/gpt-4.1", "client", 0.5)
    told = chat.attributes
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == "openai"
    assert told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"] == (7, 2)
    assert told["gen_ai.request.max_tokens"] == 5
    assert told["gen_ai.response.finish_reasons"] == ["stop"]
    assert json.loads(told["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Hi"}]}
    ]
    assert json.loads(told["gen_ai.system_instructions"]) == [{"type": "text", "content": SYSTEM}]
    assert json.loads(told["gen_ai.output.messages"])[0]["parts"][0]["content"] == "Yo"
    assert broken.error == "no server"


def test_spans_of_the_sdk_become_episodes(store):
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("service")
    with tracer.start_as_current_span("POST /answer") as request:
        with tracer.start_as_current_span("chat gpt") as span:
            # As older instrumentations wrote it.
            span.set_attribute("gen_ai.prompt.0.role", "user")
            span.set_attribute("gen_ai.prompt.0.content", "Hi")
            span.set_attribute("gen_ai.completion.0.content", "Hello")
            span.set_attribute("gen_ai.usage.prompt_tokens", 3)
        request.add_event(
            "gen_ai.evaluation.result",
            {"gen_ai.evaluation.score.value": 0.25, "gen_ai.evaluation.explanation": "rude"},
        )
    with tracer.start_as_current_span("GET /health"):
        pass
    ((_, episode),) = episodes_of(from_sdk(memory.get_finished_spans()))
    assert (episode.agent, episode.reward, episode.feedback) == ("POST /answer", 0.25, "rude")
    assert episode.turns[0].messages == [{"role": "user", "content": "Hi"}]
    assert (episode.turns[0].answer, episode.turns[0].prompt_tokens) == ("Hello", 3)


def test_an_agent_within_an_agent_is_part_of_it():
    asked = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Go"}]}])
    chat = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": asked}
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "outer"}
    spans = [
        Span("a" * 32, "1" * 16, "request"),
        Span("a" * 32, "2" * 16, "outer", "1" * 16, attributes=agent),
        Span("a" * 32, "3" * 16, "inner", "2" * 16,
             attributes=agent | {"gen_ai.agent.name": "inner"}),
        Span("a" * 32, "4" * 16, "chat", "3" * 16, start=2, attributes=chat),
        Span("a" * 32, "5" * 16, "chat", "2" * 16, start=1, attributes=chat, error="refused"),
    ]  # fmt: skip
    ((key, episode),) = episodes_of(reversed(spans))
    assert key == f"{'a' * 32}/{'2' * 16}"
    assert (episode.agent, len(episode.turns), episode.outcome) == ("outer", 2, "failure")
    assert episode.error == "refused"


def test_a_prompt_is_proposed_from_a_file_of_spans(store, tmp_path, monkeypatch):
    """The whole way: spans of a service, `episodes import`, `optimize --from-episodes`."""
    monkeypatch.chdir(tmp_path)
    asked = [{"role": "user", "parts": [{"type": "text", "content": "Capital of France?"}]}]
    chat = Span("b" * 32, "2" * 16, "chat", "1" * 16, kind="client")
    chat.attributes = {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt",
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": SYSTEM}]),
        "gen_ai.input.messages": json.dumps(asked),
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": []}]),
    }  # fmt: skip
    told = {"gen_ai.evaluation.score.value": 0.0, "gen_ai.evaluation.explanation": "nothing came"}
    request = Span(
        "b" * 32, "1" * 16, "POST /ask", events=[Event("gen_ai.evaluation.result", told)]
    )
    write_spans([request, chat], tmp_path / "spans.jsonl")
    ran = CliRunner().invoke(app, ["episodes", "import", "spans.jsonl"])
    assert "1 episodes, 1 with a reward" in ran.output

    import asyncio

    from tracegraph.optimizers import Proposal
    from tracegraph.training.from_episodes import propose
    from tracegraph.training.workflow import load_workflow

    (tmp_path / "ask.py").write_text(
        f"import tracegraph as tg\nprompt = tg.Parameter({SYSTEM!r}, name='prompt')\n"
        "def ask(question):\n    return prompt.data\n"
    )

    class FakeOptimizer:
        name, kinds = "fake", frozenset({"text"})

        async def propose(self, step):
            (problem,) = step.problems
            assert "nothing came" in str(problem.feedback)
            assert "Capital of France?" in str(problem.constants)
            return [Proposal({"prompt": "Say it."}, self.name)]

    rows = runs.list_episodes(store, runs.find_run(store, "last", kind="spans").id)
    found = asyncio.run(propose(load_workflow("ask.py"), rows, FakeOptimizer()))
    assert found.used == 1
    assert found.other == {"prompt": 0}, "the service used the present prompt, as its hash tells"


async def test_a_collector_gets_them():
    got = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, self.headers["content-type"], json.loads(body)))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        await send_spans([Span("a" * 32, "1" * 16, "one")], f"{url}/v1/traces")
        with pytest.raises(SpanError, match="404"):
            await send_spans([], f"{url}/elsewhere")
    finally:
        server.shutdown()
        server.server_close()
    (path, kind, sent), _ = got
    assert (path, kind) == ("/v1/traces", "application/json")
    assert from_otlp(sent)[0].name == "one"
    with pytest.raises(SpanError, match="cannot be reached"):
        await send_spans([], f"{url}/v1/traces")


def test_what_is_no_span_is_told(tmp_path, store):
    file = tmp_path / "spans.jsonl"
    file.write_text('{"resourceSpans": []}\n{"x": 1}\n')
    with pytest.raises(SpanError, match="line 2"):
        read_spans(file)
    with pytest.raises(SpanError, match=r"gen_ai\.operation\.name"):
        store_spans(store, [Span("a" * 32, "1" * 16, "GET /")])


values = st.one_of(st.text(), st.integers(-(2**63), 2**63 - 1), st.booleans(),
                   st.floats(allow_nan=False, allow_infinity=False),
                   st.lists(st.text(), max_size=3))  # fmt: skip


@given(st.dictionaries(st.text(min_size=1), values, max_size=5), st.text(), st.text())
def test_attributes_survive(attributes, name, error):
    span = Span("a" * 32, "1" * 16, name, attributes=attributes, error=error, links=["2" * 16])
    request = json.loads(json.dumps(to_otlp([span])))
    assert from_otlp(request) == [span]


keys = st.sampled_from(
    ["resourceSpans", "scopeSpans", "spans", "attributes", "key", "value", "traceId", "events"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
)


@given(anything, anything, anything)
def test_anything_is_read_or_refused(request_, told, system):
    with contextlib.suppress(SpanError):
        episodes_of(from_otlp(request_))
    span = Span("a" * 32, "1" * 16, "chat", attributes={"gen_ai.operation.name": "chat"})
    span.attributes["gen_ai.input.messages"] = told
    span.attributes["gen_ai.output.messages"] = json.dumps(told)
    span.attributes["gen_ai.system_instructions"] = system
    ((_, episode),) = episodes_of([span])
    assert len(episode.turns) == 1

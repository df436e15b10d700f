"""The receiver of spans: the SDK's exporter, protobuf and JSON, traces in parts, hostile bytes."""

import asyncio
import gzip
import itertools
import json
import os
import signal
import subprocess
import sys

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("starlette")

from tracegraph import runs
from tracegraph.agents import Episode
from tracegraph.integrations.otel import (
    Event,
    Receiver,
    Span,
    Traces,
    episodes_of,
    receiver_app,
    to_otlp,
)

TRACE = "ab" * 16
COMMAND = [sys.executable, "-c", "from tracegraph.cli.main import main; main()"]


def said(role, text):
    return [{"role": role, "parts": [{"type": "text", "content": text}]}]


def a_trace(trace=TRACE, reward=1.0):
    """An agent's run of two model calls, judged."""
    top = Span(trace, "01" * 8, "invoke_agent clerk", start=10.0, end=14.0)
    top.attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "clerk"}
    result = {"gen_ai.evaluation.name": "tone", "gen_ai.evaluation.score.value": reward}
    top.events = [Event("gen_ai.evaluation.result", result, 14.0)]
    calls = []
    for number, answer in enumerate(("Which order?", "It is cancelled.")):
        call = Span(
            trace, f"{number + 2:02x}" * 8, "chat gpt", top.id, 11.0 + number, 11.5 + number
        )
        call.attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt",
            "gen_ai.input.messages": json.dumps(said("user", f"question {number}")),
            "gen_ai.output.messages": json.dumps(said("assistant", answer)),
        }
        calls.append(call)
    return [*calls, top]


@pytest.fixture
def store(tmp_path):
    with runs.Store(tmp_path / "runs.db") as opened:
        yield opened


@pytest.fixture
def receiver(store):
    with runs.run_scope(store, "spans") as run:
        yield Receiver(store, run.id, Traces(settle=0.0))


def kept(receiver):
    receiver.finish()
    return [Episode.from_stored(row) for row in runs.list_episodes(receiver.store, receiver.run)]


def client(receiver, token="", host="127.0.0.1"):
    transport = httpx.ASGITransport(receiver_app(receiver, token=token))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}:4318")


@pytest.mark.slow
def test_a_service_exports_with_the_sdk(tmp_path):
    otlp = pytest.importorskip("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    store = tmp_path / "runs.db"
    served = subprocess.Popen(
        [*COMMAND, "serve", "otlp", "--port", "0", "--settle", "0", "--store", store],
        stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TRACEGRAPH_OTLP_TOKEN": "secret", "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        url = served.stdout.readline().split()[2].rstrip(",")
        exporter = otlp.OTLPSpanExporter(
            f"{url}/v1/traces", headers={"authorization": "Bearer secret"},
            compression=otlp.Compression.Gzip,
        )  # fmt: skip
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(exporter))
        tracer = provider.get_tracer("service")
        for number in range(3):
            about = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "clerk"}
            with tracer.start_as_current_span("invoke_agent clerk", attributes=about) as top:
                asked = json.dumps(said("user", f"Cancel order {number}"))
                with tracer.start_as_current_span("chat gpt") as call:
                    call.set_attributes(
                        {
                            "gen_ai.operation.name": "chat",
                            "gen_ai.usage.input_tokens": 7,
                            "gen_ai.input.messages": asked,
                            "gen_ai.output.messages": json.dumps(said("assistant", "Done.")),
                        }
                    )
                score = {"gen_ai.evaluation.score.value": number / 2}
                top.add_event("gen_ai.evaluation.result", score)
        provider.shutdown()
        told = [served.stdout.readline() for _ in range(3)]
        assert all(line.startswith("clerk ") for line in told)
        served.send_signal(signal.SIGINT)
        rest, _ = served.communicate(timeout=60)
    finally:
        served.kill()
        served.wait()
    assert served.returncode == 0
    assert "3 episodes from 6 spans" in rest
    assert "tracegraph optimize FILE.py --from-episodes" in rest
    with runs.Store(store) as opened:
        run = runs.find_run(opened, "last")
        assert (run.kind, run.status) == ("spans", "finished")
        episodes = [Episode.from_stored(row) for row in runs.list_episodes(opened, run.id)]
    assert [(e.reward, e.outcome) for e in episodes] == [
        (0.0, "failure"), (0.5, "failure"), (1.0, "success"),
    ]  # fmt: skip
    assert episodes[2].turns[0].messages == [{"role": "user", "content": "Cancel order 2"}]
    assert (episodes[2].answer, episodes[2].turns[0].prompt_tokens) == ("Done.", 7)


async def test_json_and_what_services_get_back(receiver):
    body = json.dumps(to_otlp(a_trace())).encode()
    async with client(receiver) as http:
        plain = {"content-type": "application/json"}
        answer = await http.post("/v1/traces", content=body, headers=plain)
        assert (answer.status_code, answer.json()) == (200, {})
        packed = {**plain, "content-encoding": "gzip"}
        again = await http.post("/v1/traces", content=gzip.compress(body), headers=packed)
        assert again.status_code == 200, "exporters send again when no answer came"
        for status, content, headers in (
            (415, body, {"content-type": "text/plain"}),
            (400, b"{}", plain),
            (400, b"[", plain),
            (400, b"\x0a\xff", {"content-type": "application/x-protobuf"}),
            (400, body, {**plain, "content-encoding": "br"}),
            (400, body, packed),
            (400, gzip.compress(b"0" * 70_000_000), packed),
        ):
            answer = await http.post("/v1/traces", content=content, headers=headers)
            assert answer.status_code == status, answer.text
        assert (await http.get("/v1/traces")).status_code == 405
        assert (await http.post("/v1/metrics", content=b"")).status_code == 404
    (episode,) = kept(receiver)
    assert (episode.agent, episode.reward, len(episode.turns)) == ("clerk", 1.0, 2)


async def test_a_token_and_a_loopback_name_are_asked_for(receiver):
    body = json.dumps(to_otlp(a_trace()))
    plain = {"content-type": "application/json"}
    async with client(receiver, token="secret") as http:
        for given in ({}, {"authorization": "Bearer wrong"}):
            answer = await http.post("/v1/traces", content=body, headers={**plain, **given})
            assert answer.status_code == 401
        known = {**plain, "authorization": "Bearer secret"}
        assert (await http.post("/v1/traces", content=body, headers=known)).status_code == 200
    async with client(receiver, host="example.org") as http:
        assert (await http.post("/v1/traces", content=body, headers=plain)).status_code == 400
    assert len(kept(receiver)) == 1


async def test_events_among_logs_belong_to_their_span(receiver):
    call = a_trace()[0]
    call.attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt"}
    call.parent = ""

    def record(number, name, **body):
        values = [{"key": k, "value": {"stringValue": v}} for k, v in body.items()]
        return {
            "timeUnixNano": str(number), "traceId": TRACE.upper(), "spanId": call.id,
            "eventName": name, "body": {"kvlistValue": {"values": values}},
        }  # fmt: skip

    choice = record(3, "gen_ai.choice", role="assistant", content="Hello.")
    records = [
        choice,
        record(1, "gen_ai.system.message", content="Be kind."),
        record(2, "gen_ai.user.message", content="Hi"),
        {"body": {"stringValue": "a line of text"}},
    ]
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
    plain = {"content-type": "application/json"}
    async with client(receiver) as http:
        for path, body in (("/v1/logs", logs), ("/v1/traces", to_otlp([call]))):
            assert (await http.post(path, json=body, headers=plain)).status_code == 200
        assert (await http.post("/v1/logs", json={}, headers=plain)).status_code == 400
    (episode,) = kept(receiver)
    assert episode.answer == "Hello."
    assert episode.turns[0].messages == [
        {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"},
    ]  # fmt: skip


async def test_a_trace_is_kept_once_when_it_is_whole(receiver):
    *calls, top = a_trace()
    watching = asyncio.create_task(receiver.watch())
    receiver.take(to_otlp(calls[:1]), "traces")
    await asyncio.sleep(1.2)
    assert receiver.episodes == 0, "its root has not come"
    receiver.take(to_otlp([top, calls[1]]), "traces")
    for _ in range(100):
        if receiver.episodes:
            break
        await asyncio.sleep(0.05)
    watching.cancel()
    receiver.take(to_otlp(calls), "traces")
    assert len(kept(receiver)) == 1
    assert receiver.traces.late == 2


@settings(max_examples=40)
@given(st.permutations(range(9)), st.lists(st.integers(0, 9), max_size=4))
def test_order_and_parts_do_not_matter(order, cuts):
    spans = [span for name in "abc" for span in a_trace(name * 32, reward=0.5)]
    traces = Traces(settle=1.0)
    arriving = [spans[i] for i in order]
    at = [0, *sorted(cuts), 9]
    for now, (start, end) in enumerate(itertools.pairwise(at)):
        traces.add(arriving[start:end], now=now / 10)
    assert traces.whole(0.5) == []
    given_out = traces.whole(100.0)
    found = {key: episode for each in given_out for key, episode in episodes_of(each)}
    wanted = dict(episodes_of([span for n in "abc" for span in a_trace(n * 32, reward=0.5)]))
    assert found == wanted
    assert traces.rest() == []


def test_what_is_held_is_bounded():
    traces = Traces(patience=1e9, most=10)
    for number in range(30):
        traces.add(a_trace(f"{number:032x}")[:2], now=0.0)
    assert len(traces.whole(0.0)) == 25
    assert len(traces.rest()) == 5


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["application/json", "application/x-protobuf"]))
def test_no_bytes_break_it(data, kind):
    async def send():
        async with client(Receiver(None, "run")) as http:
            for path in ("/v1/traces", "/v1/logs"):
                answer = await http.post(path, content=data, headers={"content-type": kind})
                assert answer.status_code in (200, 400)

    asyncio.run(send())

"""OpenAI's clients and litellm against a real local server: sync, async, streams, errors."""

import asyncio
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it is asked of the network

import litellm
import openai
import pytest

import tracegraph as tg
from tracegraph.integrations.clients import ClientError, trace_client
from tracegraph.models import surround


class FakeOpenAI(BaseHTTPRequestHandler):
    """Repeats the last message in capitals; answers 503 to "fail"."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        last = body.get("input") or body["messages"][-1]["content"]
        text = f"You said: {last.upper()}"
        if last == "fail":
            return self.answer(503, {"error": {"message": "busy"}})
        if "input" in body:
            content = [{"type": "output_text", "text": text, "annotations": []}]
            output = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
            return self.answer(
                200, {"id": "r", "object": "response", "output": [output | {"content": content}]}
            )
        if body.get("stream"):
            return self.stream(text)
        message = {"role": "assistant", "content": text}
        if body.get("tools"):
            call = {"name": "look", "arguments": '{"at": "it"}'}
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "1", "type": "function", "function": call}],
            }
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        made = {"id": "c", "object": "chat.completion", "created": 1, "model": "fake"}
        return self.answer(200, made | {"choices": [choice], "usage": usage})

    def stream(self, text):
        lines = []
        for part, reason in ((text[:5], None), (text[5:], None), ("", "stop")):
            choice = {"index": 0, "delta": {"content": part}, "finish_reason": reason}
            made = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
            lines.append(f"data: {json.dumps(made | {'choices': [choice]})}\n\n")
        self.answer(200, "".join(lines) + "data: [DONE]\n\n", "text/event-stream")

    def answer(self, status, body, kind="application/json"):
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def url():
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeOpenAI) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


@pytest.fixture
def client(url):
    with openai.OpenAI(base_url=url, api_key="no key", max_retries=0) as made:
        yield trace_client(made)


def messages(text):
    return [{"role": "user", "content": text}]


@tg.bundle
def shorten(text):
    return text[:8]


def test_calls_are_nodes_and_the_client_stays_what_it_was(client):
    prompt = tg.Parameter("Tell me about {}, please.", name="prompt")
    assert isinstance(client, openai.OpenAI)
    with tg.record() as run:
        done = client.chat.completions.create(
            model="fake", messages=messages(prompt.data.format("tea"))
        )
        short = shorten(done.choices[0].message.content)
    assert short == "You said"
    chat, shortened = run.nodes
    assert (chat.name, chat.data) == ("chat0", "You said: TELL ME ABOUT TEA, PLEASE.")
    assert chat.inputs["model"].data == "fake"
    assert shortened.parents == [chat]
    assert not shortened.inferred
    assert run.parameters == [prompt]
    run.feedback(short, "Say more.")
    assert [f.texts for f in prompt.feedback] == [["Say more."]]
    assert client.chat.completions.create(model="fake", messages=messages("x")).usage.total_tokens


def test_tools_responses_and_streams(client):
    with tg.record() as run:
        done = client.chat.completions.create(
            model="fake", messages=messages("look"), tools=[{"type": "function"}]
        )
        arguments = done.choices[0].message.tool_calls[0].function.arguments
        assert run.node_of(arguments).data["tool_calls"] == [
            {"name": "look", "arguments": '{"at": "it"}'}
        ]
        answer = client.responses.create(model="fake", input="an answer, please")
        assert run.node_of(answer).data == answer.output_text == "You said: AN ANSWER, PLEASE"
        stream = client.chat.completions.create(
            model="fake", messages=messages("in pieces"), stream=True
        )
        text = "".join(chunk.choices[0].delta.content for chunk in stream)
        shorten(text)
    assert [n.name for n in run.nodes] == ["chat0", "respond0", "chat1", "shorten0"]
    assert run.nodes[2].data == text == "You said: IN PIECES"
    assert run.nodes[2] in run.nodes[3].parents


async def test_async_clients_side_by_side(url):
    async with openai.AsyncOpenAI(base_url=url, api_key="no key") as made:
        client = trace_client(made)

        async def ask(i):
            done = await client.chat.completions.create(
                model="fake", messages=messages(f"question {i}")
            )
            return shorten(done.choices[0].message.content[10:])

        with tg.record() as run:
            await asyncio.gather(*(ask(i) for i in range(5)))
            stream = await client.chat.completions.create(
                model="fake", messages=messages("in pieces"), stream=True
            )
            async for _ in stream:
                pass
    values = sorted(n.data for n in run.nodes if n.name.startswith("chat"))
    assert values == ["You said: IN PIECES", *(f"You said: QUESTION {i}" for i in range(5))]
    for node in (n for n in run.nodes if n.name.startswith("shorten")):
        assert [p.data for p in node.parents if p.name.startswith("chat")] == [
            f"You said: {node.inputs['text'].data}"
        ]


async def test_litellm(url):
    llm = trace_client(litellm)
    given = {"model": "openai/fake", "api_base": url, "api_key": "no key"}
    with tg.record() as run:
        done = llm.completion(messages=messages("sync"), **given)
        await llm.acompletion(messages=messages("async"), **given)
        chunks = list(llm.completion(messages=messages("stream"), stream=True, **given))
    assert done.choices[0].message.content == "You said: SYNC"
    assert [n.data for n in run.nodes] == [
        "You said: SYNC", "You said: ASYNC", "You said: STREAM",
    ]  # fmt: skip
    assert len(chunks) >= 2
    assert "api_key" not in run.nodes[0].inputs
    assert llm.token_counter is litellm.token_counter


def test_errors_are_told(client):
    failures = []
    with tg.record() as run, surround(failures=failures), pytest.raises(openai.APIStatusError):
        client.chat.completions.create(model="fake", messages=messages("fail"))
    assert [f.status for f in failures] == [503]
    assert run.failed[0].text.startswith("(InternalServerError)")
    with pytest.raises(ClientError, match="pass an OpenAI client"):
        trace_client(object())

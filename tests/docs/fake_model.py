"""A server in place of a model's provider, for pages whose blocks ask one."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeProvider(BaseHTTPRequestHandler):
    """Says what its server has been given to say, one answer after another.

    After that "Blue."; where a schema is asked for, an object with a text for each property.
    """

    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        wanted = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
        text = "Blue."
        if self.server.answers:
            text = self.server.answers.pop(0)
        elif wanted is not None:
            text = json.dumps({name: "Paris" for name in wanted["properties"]})
        message = {"role": "assistant", "content": text}
        made: dict[str, Any] = {
            "id": "1", "object": "chat.completion", "created": 0, "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
        }  # fmt: skip
        data = json.dumps(made).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    answers: list[str]


@contextmanager
def model(answers: Iterable[str] = ()) -> Iterator[None]:
    """Let `LLM()` be a small hosted model, whose provider is the fake one."""
    with Server(("127.0.0.1", 0), FakeProvider) as server:
        server.answers = list(answers)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ |= {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "OPENAI_API_BASE": f"http://127.0.0.1:{server.server_port}/v1",
            "OPENAI_API_KEY": "none",
            "TRACEGRAPH_MODEL": "openai/gpt-4.1-mini",
        }
        try:
            yield
        finally:
            server.shutdown()

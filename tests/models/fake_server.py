"""A small real HTTP server in place of a model, which fails when told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tracegraph.models.errors import RequestError
from tracegraph.models.request import Request
from tracegraph.models.served import Endpoint

Behaviour = Callable[[dict[str, Any]], Awaitable[Any]]


class FakeReply(Exception):
    """Raised by a behaviour to answer with a status and headers."""

    def __init__(self, status: int, body: Any = None, **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.body = {"error": {"message": f"status {status}"}} if body is None else body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class FakeHangUp(Exception):
    """Raised by a behaviour to break the connection off without an answer."""


def chat(
    text: str = "hello", prompt: int = 7, completion: int = 3, **choice: Any
) -> dict[str, Any]:
    return {
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
                **choice,
            }
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion},
    }


class FakeServer:
    """Counts what arrives, what is in flight and what callers gave up."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.given_up = 0
        self.more = 0  # ids that its tokenizer adds
        self.behave: Behaviour = self.greet

    async def greet(self, body: dict[str, Any]) -> Any:
        return chat()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> FakeServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or "{}")
        if head[0].split()[1].endswith("/tokenize"):
            words = json.dumps(body).split()
            tokens = list(range(len(words) + self.more))
            await self._answer(writer, 200, {"tokens": tokens}, {})
            return True
        if head[0].split()[1].endswith("/apply-template"):
            prompt = "".join(m["content"] for m in body["messages"])
            await self._answer(writer, 200, {"prompt": prompt}, {})
            return True
        self.bodies.append(body)
        self.headers.append(headers)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        work = asyncio.ensure_future(self.behave(body))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self.given_up += 1
                work.cancel()
                return False
            try:
                status, answer, extra = 200, work.result(), dict[str, str]()
            except FakeReply as reply:
                status, answer, extra = reply.status, reply.body, reply.headers
            except FakeHangUp:
                return False
            await self._answer(writer, status, answer, extra)
            return False
        finally:
            self.in_flight -= 1
            gone.cancel()

    async def _answer(
        self, writer: asyncio.StreamWriter, status: int, answer: Any, extra: dict[str, str]
    ) -> None:
        data = json.dumps(answer).encode()
        lines = [
            f"HTTP/1.1 {status} X",
            "content-type: application/json",
            f"content-length: {len(data)}",
            *(f"{name}: {value}" for name, value in extra.items()),
        ]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        await writer.drain()


class FakeUpstream:
    """Always the one server."""

    def __init__(self, server: FakeServer, capacity: int) -> None:
        self._server = server
        self._capacity = capacity

    def capacity(self, wanted: int) -> int:
        return self._capacity

    async def pick(self, request: Request | None) -> Endpoint:
        return Endpoint(self._server.url, "secret-token", "fake", "vllm")

    def done(self, endpoint: Endpoint, error: RequestError | None) -> None:
        pass

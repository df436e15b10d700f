"""Measure the model clients, servers and the run store on this machine.

    python benchmarks/models.py              # everything that is installed; about ten minutes
    python benchmarks/models.py store cache  # parts: store, client, cache, embed, llama, vllm

Prints one Markdown table. The load of the machine is printed with it, because the figures of
the local engines mean little without it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tracegraph.models import LLM, Cache
from tracegraph.models.local import engine, trial
from tracegraph.models.served import Endpoint, ServedTransport
from tracegraph.runs import Call, Store, add_call

SECONDS = 15.0


def row(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


def store() -> None:
    """Durable calls a second, from one caller and from fifty."""

    async def write(opened: Store, callers: int, each: int) -> float:
        began = time.perf_counter()

        async def caller() -> None:
            for _ in range(each):
                await add_call(opened, Call("m", "ok", "h", payload={"text": "x" * 2000}))

        await asyncio.gather(*(caller() for _ in range(callers)))
        return callers * each / (time.perf_counter() - began)

    with tempfile.TemporaryDirectory(dir=".") as folder, Store(Path(folder) / "runs.db") as opened:
        for callers in (1, 50):
            rate = asyncio.run(write(opened, callers, 2000 // callers))
            row(f"run store, durable calls of 2 kB, {callers} callers", f"{rate:,.0f}/s")


class _Answering:
    """An upstream whose server answers at once: what is left is the client's own work."""

    def __init__(self, url: str) -> None:
        self._endpoint = Endpoint(url, "t", "m", "vllm")

    def capacity(self, wanted: int) -> int:
        return 64

    async def pick(self, request: object) -> Endpoint:
        return self._endpoint

    def done(self, endpoint: Endpoint, error: object) -> None:
        pass


_BODY = (
    b'{"choices":[{"index":0,"message":{"role":"assistant","content":"hello"},'
    b'"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}'
)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(_BODY) + _BODY)
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
        writer.close()


def client() -> None:
    """What the client itself costs a call: the server answers at once, the store is on disk."""

    async def run(folder: str) -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with Store(Path(folder) / "runs.db") as opened:
            llm = LLM("m", transport=ServedTransport(_Answering(url)), store=opened)
            for callers in (1, 50):
                began = time.perf_counter()

                async def caller(number: int, callers: int = callers) -> None:
                    for n in range(1000 // callers):
                        await llm.complete(f"{number} {n}")

                await asyncio.gather(*(caller(number) for number in range(callers)))
                each = (time.perf_counter() - began) / 1000
                row(f"client with store, {callers} callers", f"{1e3 * each:.2f} ms a call")
            await llm.aclose()
        server.close()

    with tempfile.TemporaryDirectory(dir=".") as folder:
        asyncio.run(run(folder))


def cache() -> None:
    """Known answers a second."""

    async def run(folder: str) -> None:
        kept = Cache(Path(folder) / "answers.db")
        for n in range(1000):
            await kept.put(f"h{n}", {"raw": {"text": "x" * 500}})
        began = time.perf_counter()
        for n in range(5000):
            kept.get(f"h{n % 1000}")
        row("cache, known answers", f"{5000 / (time.perf_counter() - began):,.0f}/s")
        kept.close()

    with tempfile.TemporaryDirectory(dir=".") as folder:
        asyncio.run(run(folder))


def embed() -> None:
    """Embeddings of short texts a second."""
    from tracegraph.models.local.minilm import embed_texts

    texts = [f"The candidate {n} failed because its answer was not a number." for n in range(256)]
    embed_texts(texts[:8])
    began = time.perf_counter()
    embed_texts(texts)
    row("embed, texts of 15 tokens", f"{256 / (time.perf_counter() - began):,.0f}/s")


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep `count` cores busy."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def llama() -> None:
    """The embedded model alone and beside busy processes, for 1 and 4 calls in flight."""
    for count in (0, 1, os.cpu_count() or 1):
        with busy(count):
            found = trial.llama((1, 4), SECONDS, lambda _: None)
        beside = "alone" if not count else f"beside {count} busy process{'es'[: 2 * (count > 1)]}"
        for level, rate in found.items():
            row(f"llama.cpp, {level} in flight, {beside}", f"{rate:.1f} tokens/s")


def vllm() -> None:
    """vLLM with the embedded model, alone and with many calls in flight."""
    reason = engine.obstacle()
    if reason:
        row("vLLM", f"not measured: {reason}")
        return
    for level, rate in trial.vllm(engine.LEVELS, SECONDS, lambda _: None).items():
        row(f"vLLM, {level} in flight, alone", f"{rate:.1f} tokens/s")


PARTS: dict[str, Callable[[], None]] = {
    "store": store,
    "client": client,
    "cache": cache,
    "embed": embed,
    "llama": llama,
    "vllm": vllm,
}


def main(names: list[str]) -> None:
    load = os.getloadavg()[0]
    print(f"{engine.machine()}; load before: {load:.2f}; {time.strftime('%Y-%m-%d')}\n")
    print("| what | measured |\n|---|---|")
    for name in names or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])

"""One engine under a number of calls in flight: how many tokens a second it gives in all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from tracegraph.models.client import LLM
from tracegraph.models.local.catalog import DEFAULT
from tracegraph.models.vllm.command import ServeOptions
from tracegraph.models.vllm.environment import has_gpu
from tracegraph.models.vllm.replica import Replica, replicas
from tracegraph.models.vllm.start import start, stop
from tracegraph.models.vllm.weights import model_argument

_TOKENS = 32
_SHARED = "You judge short statements about numbers. " + " ".join(
    f"Example {n}: {n} is {'even' if n % 2 == 0 else 'odd'}, because it is {n // 2} times two"
    f"{'' if n % 2 == 0 else ' and one more'}."
    for n in range(8)
)


def llama(levels: Sequence[int], seconds: float, say: Callable[[str], object]) -> dict[int, float]:
    """Measure the embedded server."""
    from tracegraph.models.local.upstream import LocalUpstream
    from tracegraph.models.served import ServedTransport

    def client(level: int) -> LLM:
        transport = ServedTransport(LocalUpstream("", engine="llama.cpp"))
        return LLM("local", transport=transport, concurrency=level, store=False)

    return _measure("llama.cpp", client, levels, seconds, say)


def vllm(levels: Sequence[int], seconds: float, say: Callable[[str], object]) -> dict[int, float]:
    """Measure vLLM with the embedded model, on a server that is started for it if there is none."""
    running = bool(replicas(DEFAULT))
    if not running:
        start_vllm()
    try:
        return _measure(
            "vLLM",
            lambda level: LLM(f"vllm:{DEFAULT}", concurrency=level, store=False),
            levels,
            seconds,
            say,
        )
    finally:
        if not running:
            stop(DEFAULT)


def start_vllm(idle: float | None = None) -> list[Replica]:
    """Start one vLLM server of the embedded model."""
    folder, name = model_argument(DEFAULT)
    options = ServeOptions(folder, name, cpu=not has_gpu(), kv_gigabytes=2)
    return start(options, idle=idle, for_local=True, say=lambda text: None)


def _measure(
    name: str,
    client: Callable[[int], LLM],
    levels: Sequence[int],
    seconds: float,
    say: Callable[[str], object],
) -> dict[int, float]:
    found = {}
    for level in levels:
        found[level] = asyncio.run(_throughput(client(level), level, seconds))
        say(f"{name}, {level} in flight: {found[level]:.1f} tokens/s")
    return found


async def _throughput(llm: LLM, level: int, seconds: float) -> float:
    """Keep `level` calls in flight for about `seconds`; return the tokens generated a second."""
    async with llm:
        # Each slot has read the prompt's prefix before the clock runs.
        await asyncio.gather(*(_ask(llm, -n, 1) for n in range(min(level, 4))))
        began = time.monotonic()
        tokens = 0
        number = 0

        async def worker() -> None:
            nonlocal tokens, number
            while number < level or time.monotonic() - began < seconds:
                number += 1
                used = await _ask(llm, number)
                tokens += used

        await asyncio.gather(*(worker() for _ in range(level)))
        return tokens / (time.monotonic() - began)


async def _ask(llm: LLM, number: int, tokens: int = _TOKENS) -> int:
    question = f"Write about the number {number}."
    answer = await llm.complete(
        [{"role": "system", "content": _SHARED}, {"role": "user", "content": question}],
        max_tokens=tokens,
        ignore_eos=True,
    )
    return answer.usage.completion_tokens

"""Embeddings: from the small local model, or from a hosted one."""

from __future__ import annotations

import asyncio
import time

from tracegraph.models.budget import Budget
from tracegraph.models.hosted import HostedTransport
from tracegraph.models.record import Recorder
from tracegraph.models.request import Request
from tracegraph.runs import Call

Embedding = list[float]


async def embed(
    texts: list[str],
    *,
    model: str | None,
    budget: Budget | None,
    recorder: Recorder,
    timeout: float,
) -> list[Embedding]:
    """Embed texts within a budget and leave a row in the store."""
    name = model or "local-embedding"
    request = Request(name, [{"role": "user", "content": text} for text in texts], {})
    call = Call(name, "error", request.hash, kind="embed")
    hosted = None if model is None else HostedTransport(model)
    started = time.monotonic()
    reservation = None
    if budget is not None:
        worst = request.most_prompt_tokens(0)
        dollars = 0.0 if hosted is None else hosted.worst_price(worst, 0)
        reservation = await budget.reserve_soon(tokens=worst, dollars=dollars, calls=1)
    try:
        if hosted is None:
            from tracegraph.models.local.minilm import embed_texts

            vectors, used = await asyncio.to_thread(embed_texts, texts)
            cost = 0.0
        else:
            vectors, used, cost = await hosted.embed(texts, timeout)
    except BaseException as error:
        call.error = f"{type(error).__name__}: {error}"
        call.latency = time.monotonic() - started
        recorder.write(call, None, None)
        if reservation is not None:
            reservation.settle()
        raise
    if reservation is not None:
        reservation.settle(tokens=used, dollars=cost)
    call.status, call.prompt_tokens, call.cost = "ok", used, cost
    call.latency = time.monotonic() - started
    pending = recorder.write(call, None, None)
    if pending is not None:
        await pending
    return vectors

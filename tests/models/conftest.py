"""Clients of a fake server, stores, and a place of one's own for servers and logs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.fake_server import FakeServer, FakeUpstream
from tracegraph.models import LLM, RetryPolicy
from tracegraph.models.served import ServedTransport
from tracegraph.runs import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "runs.db") as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """Return a real HTTP server that speaks OpenAI's form and does as each test tells it."""
    async with FakeServer() as running:
        yield running


@pytest.fixture
def make_llm(server: FakeServer, store: Store) -> Callable[..., LLM]:
    """Return a maker of clients of the fake server, which retry without long pauses."""

    def make(**options: Any) -> LLM:
        upstream = FakeUpstream(server, options.pop("capacity", 64))
        options.setdefault("retry", RetryPolicy(first=0.01, longest=0.05))
        options.setdefault("store", store)
        options.setdefault("model", "fake")
        return LLM(transport=ServedTransport(upstream), **options)

    return make


@pytest.fixture
def llm(make_llm: Callable[..., LLM]) -> LLM:
    return make_llm()

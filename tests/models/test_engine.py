"""The choice of the engine behind `local`, with a fake server in place of both."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from models.fake_server import FakeServer
from tracegraph.models import LLM, ModelError
from tracegraph.models.local import engine, sizing, upstream
from tracegraph.models.local.catalog import DEFAULT
from tracegraph.models.local.engine import Measured, chosen
from tracegraph.models.local.state import ServerState, key_of, read_state, write_state
from tracegraph.models.local.upstream import LocalUpstream
from tracegraph.models.served import ServedTransport
from tracegraph.models.vllm import replica
from tracegraph.models.vllm.replica import Replica
from tracegraph.runs import Store, process_start


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEGRAPH_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("TRACEGRAPH_LOCAL_ENGINE", raising=False)


def measured(**figures: Any) -> Measured:
    made = {"llama": {"1": 15, "4": 15, "16": 15}, "vllm": {"1": 6, "4": 17, "16": 40}}
    return Measured(engine.machine(), "2026-01-01", **(made | figures))


def test_the_faster_engine_is_chosen_by_a_margin() -> None:
    assert measured().vllm_from == 16
    assert chosen(measured(), 15) == "llama.cpp"
    assert chosen(measured(), 16) == "vllm"
    assert chosen(None, 100) == "llama.cpp"
    assert measured(vllm={}).vllm_from is None
    assert "vLLM from 16" in measured().describe()
    assert "not installed" in measured(vllm={}, why_not="not installed").describe()


async def test_the_choice_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.setting() is None
    monkeypatch.setattr(engine, "obstacle", lambda: "no such thing here")
    monkeypatch.setenv("TRACEGRAPH_LOCAL_ENGINE", "vllm")
    local = LocalUpstream("")
    local.capacity(1)
    with pytest.raises(ModelError, match="no such thing here"):
        await local.pick(None)
    monkeypatch.setenv("TRACEGRAPH_LOCAL_ENGINE", "llama.cpp")
    assert engine.setting() == "llama.cpp"
    monkeypatch.setenv("TRACEGRAPH_LOCAL_ENGINE", "llama")
    with pytest.raises(ModelError, match=r"auto, llama\.cpp or vllm"):
        LocalUpstream("")


def test_what_was_measured_is_remembered_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tracegraph.models.local import trial

    assert engine.remembered() is None
    monkeypatch.setattr(trial, "llama", lambda *_: {1: 15.04})
    monkeypatch.setattr(engine, "obstacle", lambda: "no such thing here")
    found = engine.measure(1, say=lambda _: None)
    assert engine.remembered() == found
    assert found.llama == {"1": 15.0}
    monkeypatch.setattr(engine, "machine", lambda: "another processor")
    assert engine.remembered() is None


async def test_many_calls_go_to_vllm_and_few_to_llama(
    server: FakeServer, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "remembered", measured)
    found = ServerState("/m.gguf", "llama.cpp", os.getpid(), "", server.url, "t", 1, 4, 4096)
    monkeypatch.setattr(upstream, "ensure", lambda *_: found)
    started: list[str] = []
    monkeypatch.setattr(upstream, "_try_vllm", lambda: started.append("vllm"))
    local = LocalUpstream("")
    assert local.capacity(2) == 4
    assert (await local.pick(None)).engine == "llama.cpp"
    assert local.capacity(50) == 4
    assert (await local.pick(None)).engine == "llama.cpp", "until vLLM is ready"
    local.capacity(50)
    assert started == ["vllm"], "it is started once"
    replica.write(Replica(DEFAULT, DEFAULT, server.url, "t", 32))
    assert local.capacity(50) == 32
    endpoint = await local.pick(None)
    assert (endpoint.engine, endpoint.model) == ("vllm", DEFAULT)
    local.done(endpoint, None)
    assert local.capacity(3) == 32, "the last of a batch stay with the others"
    assert (await local.pick(None)).engine == "vllm"
    local._many_until = 0.0
    assert local.capacity(3) == 4
    assert (await local.pick(None)).engine == "llama.cpp"
    replica.forget(Replica(DEFAULT, DEFAULT, server.url, "t", 32))
    time.sleep(1.1)
    local.capacity(50)
    assert (await local.pick(None)).engine == "llama.cpp", "vLLM has gone"


def test_a_few_calls_start_vllm_when_they_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    few = measured(llama={"1": 10.0, "4": 10.0}, vllm={"1": 3.0, "4": 24.0})
    monkeypatch.setattr(engine, "remembered", lambda: few)
    monkeypatch.setattr(upstream, "_try_vllm", lambda: None)
    monkeypatch.setattr(upstream, "time", SimpleNamespace(monotonic=lambda: clock.now))
    clock = SimpleNamespace(now=0.0)
    local = LocalUpstream("")
    # Twice a short while; few calls now and then are no end of it, many seconds of few are.
    for clock.now, wanted in ((100, 4), (130, 4), (145, 4), (300, 1), (301, 4), (330, 3), (346, 4)):
        local.capacity(wanted)
    assert local._starting is None
    clock.now = 347
    local.capacity(4)
    assert local._starting is not None
    alone = LocalUpstream("")
    for clock.now in range(1000, 1200, 10):
        alone.capacity(2)
    assert alone._starting is None


async def test_an_engine_that_is_set_answers_a_single_call(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEGRAPH_LOCAL_ENGINE", "vllm")
    replica.write(Replica(DEFAULT, DEFAULT, server.url, "t", 32))
    assert (await LocalUpstream("").pick(None)).engine == "vllm"


async def test_a_client_with_its_own_limit_tells_how_many_calls_there_are(
    server: FakeServer, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    class FakeUpstream(LocalUpstream):
        def capacity(self, wanted: int) -> int:
            told.append(wanted)
            return super().capacity(wanted)

    replica.write(Replica(DEFAULT, DEFAULT, server.url, "t", 32))
    transport = ServedTransport(FakeUpstream("", engine="vllm"))
    async with LLM("local", transport=transport, concurrency=2, store=store) as llm:
        await asyncio.gather(*(llm.complete(f"{n}") for n in range(5)))
    assert max(told) > 2


async def test_another_model_stays_with_llama(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEGRAPH_LOCAL_ENGINE", "vllm")
    assert LocalUpstream("smollm2").capacity(100) == 4


def test_threads_leave_a_core_and_yield_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRACEGRAPH_LOCAL_THREADS", "TRACEGRAPH_LOCAL_SLOTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sizing, "cores", lambda: 8)
    monkeypatch.setattr(sizing, "available_bytes", lambda: 32 << 30)

    def threads(idle: float) -> int:
        monkeypatch.setattr(sizing, "idle_share", lambda: idle)
        return sizing.choose(1 << 30).threads

    assert [threads(idle) for idle in (1.0, 0.5, 0.0)] == [7, 4, 1]
    monkeypatch.setenv("TRACEGRAPH_LOCAL_THREADS", "3")
    assert threads(1.0) == 3


def test_slots_fit_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACEGRAPH_LOCAL_SLOTS", raising=False)
    monkeypatch.setattr(sizing, "idle_share", lambda: 1.0)
    sizes = []
    for gigabytes in (32, 3, 2, 1):
        monkeypatch.setattr(sizing, "available_bytes", lambda g=gigabytes: g << 30)
        found = sizing.choose(1_117_320_768)
        sizes.append((found.slots, found.context))
    assert sizes[0] == (4, 8192)
    assert sizes == sorted(sizes, key=lambda s: -s[0] * s[1])
    assert sizes[-1] == (1, 2048)


def test_this_machine_can_be_asked() -> None:
    assert sizing.cores() >= 1
    assert 0 <= sizing.idle_share(0.05) <= 1
    assert sizing.available_bytes() > 0


def test_a_state_of_a_dead_server_is_seen_through(tmp_path: Path) -> None:
    key = key_of(tmp_path / "m.gguf")
    me, start = os.getpid(), process_start(os.getpid())
    state = ServerState("/m", "llama.cpp", me, start, "http://127.0.0.1:9", "t", 1, 4, 4096)
    write_state(key, state)
    assert read_state(key) == state
    assert state.alive
    assert not ServerState("/m", "llama.cpp", 2**22 + 1, "1", "u", "t", 1, 4, 1).alive
    assert read_state("nothing") is None


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import importlib.util

    from tracegraph.errors import MissingExtraError

    gguf = tmp_path / "own.gguf"
    gguf.write_bytes(b"GGUF")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tracegraph\[local\]'"):
        LLM(f"local:{gguf}", store=False).complete_sync("Hi")


def test_a_broken_model_file_shows_the_servers_log(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    from tracegraph.models import ServerError
    from tracegraph.models.local.server import ensure

    gguf = tmp_path / "broken.gguf"
    gguf.write_bytes(b"GGUF but nothing more")
    with pytest.raises(ServerError, match=r"ended with .* while it loaded .*broken\.gguf"):
        ensure(str(gguf))

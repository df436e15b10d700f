from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.models import ModelError, RequestError
from tracegraph.models.request import Request
from tracegraph.models.vllm import command, metrics, replica
from tracegraph.models.vllm.environment import _LEFT_OUT
from tracegraph.models.vllm.pool import Pool
from tracegraph.models.vllm.replica import Replica, replicas
from tracegraph.models.vllm.weights import model_argument
from tracegraph.runs import process_start


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEGRAPH_STATE", str(tmp_path / "state"))


def register(*ports: int, name: str = "m", slots: int = 8) -> list[Replica]:
    made = [Replica(name, name, f"http://127.0.0.1:{port}", "t", slots) for port in ports]
    for one in made:
        replica.write(one)
    return made


def request(text: str) -> Request:
    return Request("m", [{"role": "user", "content": text}], {})


async def test_load_is_spread_and_prefixes_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    register(1, 2, 3)
    pool = Pool("m")
    assert pool.capacity(1) == 24
    picked = [await pool.pick(request(f"prompt {n}")) for n in range(60)]
    loads = Counter(endpoint.url for endpoint in picked)
    assert max(loads.values()) - min(loads.values()) <= 12
    for endpoint in picked:
        pool.done(endpoint, None)
    homes = set()
    for _ in range(10):
        endpoint = await pool.pick(request("x" * 2000 + "another end"))
        homes.add(endpoint.url)
        pool.done(endpoint, None)
    assert len(homes) == 1


async def test_one_hot_prefix_does_not_load_one_server_alone() -> None:
    register(1, 2)
    pool = Pool("m")
    picked = [(await pool.pick(request("the same"))).url for _ in range(40)]
    assert min(Counter(picked).values()) >= 13


async def test_a_server_that_fails_is_left_alone_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register(1, 2)
    now = [100.0]
    monkeypatch.setattr("tracegraph.models.vllm.pool.time.monotonic", lambda: now[0])
    pool = Pool("m")
    broken = RequestError("gone", retry=True)
    for _ in range(2):
        endpoint = await pool.pick(request("a"))
        home = endpoint.url
        pool.done(endpoint, broken)
    with pytest.raises(RequestError, match="all 2 servers of m are away") as error:
        await pool.pick(request("a"))
    assert error.value.retry
    assert 0 < (error.value.after or 0) <= 0.5
    now[0] += 1
    endpoint = await pool.pick(request("a"))
    pool.done(endpoint, None)
    assert home in (endpoint.url, *(r.url for r in replicas("m")))
    refused = RequestError("bad request", retry=False, status=400)
    pool.done(await pool.pick(None), refused)
    assert pool.loads() == {"http://127.0.0.1:1": 0, "http://127.0.0.1:2": 0}


async def test_dead_servers_are_not_used() -> None:
    with pytest.raises(ModelError, match="tracegraph serve m"):
        await Pool("m").pick(None)
    dead = Replica("m", "m", "http://127.0.0.1:1", "t", 8, pid=2**22 + 1, start="1")
    live = Replica(
        "m", "m", "http://127.0.0.1:2", "t", 8, pid=os.getpid(), start=process_start(os.getpid())
    )
    replica.write(dead)
    replica.write(live)
    assert replicas("m") == [live]
    assert len(replicas("m", dead=True)) == 2
    reused = Replica("m", "m", "http://127.0.0.1:3", "t", 8, pid=os.getpid(), start="7")
    assert not reused.alive, "another process has this pid now"


async def test_an_adapter_is_found_by_its_name() -> None:
    replica.write(Replica("m", "m", "http://127.0.0.1:1", "t", 8, loras={"tuned": "/x"}))
    assert (await Pool("tuned").pick(None)).model == "tuned"


def test_metrics_are_summed() -> None:
    text = """# HELP vllm:num_requests_running x
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 2.0
vllm:kv_cache_usage_perc{engine="0"} 0.25
vllm:generation_tokens_total{engine="0"} 1.5e+03
python_gc_objects_collected_total{generation="0"} 12
"""
    assert metrics.parse(text) == {"running": 5.0, "kv_usage": 0.25, "generation_tokens": 1500.0}
    assert metrics.scrape("http://127.0.0.1:9", "t") == {}


@given(st.text())
def test_any_metrics_text_is_read(text: str) -> None:
    metrics.parse(text.replace("vllm", ""))


def test_the_command_line() -> None:
    options = command.ServeOptions("/models/x", "x", {"a": "/b"}, max_length=512)
    words = command.arguments(options, "127.0.0.1", 8123)
    assert words[words.index("--model") + 1] == "/models/x"
    assert words[words.index("--lora-modules") + 1] == "a=/b"
    assert "--enforce-eager" in words
    printed = command.printed(command.ServeOptions("own/model", "model", cpu=False), 8000)
    assert "--model own/model" in printed
    assert "CPU" not in printed
    assert "VLLM_API_KEY=CHOOSE_A_TOKEN" in printed


def test_a_name_that_nothing_has_is_refused() -> None:
    with pytest.raises(ModelError, match=r"no model nope: .* one of .*smollm2"):
        model_argument("nope")
    assert model_argument("owner/nope") == ("owner/nope", "nope")


def test_the_token_is_only_in_the_environment() -> None:
    words = command.arguments(command.ServeOptions("/m", "m"), "127.0.0.1", 1)
    assert not any("api-key" in word for word in words)


@pytest.mark.parametrize(
    "line", ["torch==2.13.0+cpu; x", "torchaudio", "torchvision; y", "torchcodec>=0.14"]
)
def test_what_the_cpu_build_cannot_have_is_left_out(line: str) -> None:
    assert _LEFT_OUT.match(line)


def test_cores_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "cores", lambda: 8)
    options = command.ServeOptions("/m", "m")

    def bound(number: int, count: int) -> str:
        return command.environment(options, number, count)["VLLM_CPU_OMP_THREADS_BIND"]

    assert bound(0, 1) == "0-7"
    assert [bound(n, 2) for n in range(2)] == ["0-3", "4-7"]
    monkeypatch.setattr(command, "cores", lambda: 1)
    assert [bound(n, 2) for n in range(2)] == ["0", "0"]

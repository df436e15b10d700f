from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fake_server import FakeReply, FakeServer, chat
from tracegraph import runs
from tracegraph.models import LLM, Budget, Cache, RequestError, RetryPolicy
from tracegraph.models.request import Request
from tracegraph.runs import Store

MakeLLM = Callable[..., LLM]


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    opened = Cache(tmp_path / "answers.db")
    yield opened
    opened.close()


async def test_an_answer_is_given_again(
    make_llm: MakeLLM, server: FakeServer, cache: Cache, store: Store
) -> None:
    llm, budget = make_llm(cache=cache), Budget(tokens=10_000)
    first = await llm.complete("Hi", budget=budget)
    spent = budget.spent.tokens
    again = await llm.complete("Hi", budget=budget)
    assert (again.text, again.usage, again.cached) == (first.text, first.usage, True)
    assert budget.spent.tokens == spent == 10
    assert len(server.bodies) == 1
    rows = runs.list_calls(store)
    assert [row.cached for row in rows] == [False, True]
    assert rows[1].prompt_tokens == 0
    assert not (await llm.complete("Hi", cache=False)).cached


async def test_the_key_covers_what_matters(
    make_llm: MakeLLM, server: FakeServer, cache: Cache
) -> None:
    llm = make_llm(cache=cache)
    for options in ({}, {"seed": 1}, {"max_tokens": 5}, {"stop": ["."]}, {"logprobs": True}):
        await llm.complete("Hi", **options)
    await llm.complete([{"role": "system", "content": "x"}, "Hi"])
    await make_llm(cache=cache, model="other").complete("Hi")
    assert len(server.bodies) == 7
    assert len(cache) == 7


async def test_samples_stay_several(make_llm: MakeLLM, server: FakeServer, cache: Cache) -> None:
    llm = make_llm(cache=cache)
    for _ in range(3):
        await llm.complete("Hi", temperature=1)
    assert len(server.bodies) == 3
    for _ in range(3):
        await llm.complete("Hi", temperature=1, seed=5)
    assert len(server.bodies) == 4


async def test_equal_calls_at_once_are_one_call(
    make_llm: MakeLLM, server: FakeServer, cache: Cache
) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        await asyncio.sleep(0.05)
        return chat()

    server.behave = behave
    llm = make_llm(cache=cache)
    answers = await asyncio.gather(*(llm.complete("Hi") for _ in range(20)))
    assert len(server.bodies) == 1
    assert sum(not answer.cached for answer in answers) == 1
    assert {answer.text for answer in answers} == {"hello"}


async def test_failures_are_not_kept(make_llm: MakeLLM, server: FakeServer, cache: Cache) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        raise FakeReply(400)

    server.behave = behave
    llm = make_llm(cache=cache)
    results = await asyncio.gather(*(llm.complete("Hi") for _ in range(3)), return_exceptions=True)
    assert all(isinstance(result, RequestError) for result in results)
    server.behave = server.greet
    assert (await llm.complete("Hi")).text == "hello"


async def test_when_the_asker_gives_up_another_asks(
    make_llm: MakeLLM, server: FakeServer, cache: Cache
) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        await asyncio.sleep(0.1)
        return chat()

    server.behave = behave
    llm = make_llm(cache=cache, retry=RetryPolicy(attempts=1))
    tasks = [asyncio.create_task(llm.complete("Hi")) for _ in range(3)]
    while not server.in_flight:
        await asyncio.sleep(0.005)
    tasks[0].cancel()
    async with asyncio.timeout(5):
        assert [(await task).text for task in tasks[1:]] == ["hello", "hello"]
    assert len(server.bodies) == 2
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]


async def test_the_longest_unused_go(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "a.db", max_bytes=1000)
    for n in range(10):
        await cache.put(f"h{n}", {"x": "y" * 180})
        cache.get("h0")
    assert 3 <= len(cache) <= 5
    assert cache.get("h0") is not None, "it was used all the time"
    assert cache.get("h9") is not None
    assert cache.get("h1") is None
    cache.clear()
    assert len(cache) == 0
    cache.close()


async def test_two_caches_share_a_file(tmp_path: Path) -> None:
    one, two = Cache(tmp_path / "a.db"), Cache(tmp_path / "a.db")
    await one.put("h", {"x": 1})
    assert two.get("h") == {"x": 1}
    one.close()
    two.close()


texts = st.text(max_size=8)
messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "system"]), "content": texts}),
    min_size=1,
    max_size=3,
)
samplings = st.dictionaries(
    st.sampled_from(["temperature", "seed", "top_p", "max_tokens"]), st.integers(0, 3), max_size=4
)


@given(texts, messages, samplings, texts, messages, samplings)
def test_hashes_are_equal_exactly_when_requests_are(
    model: str, ask: Any, sampling: Any, model2: str, ask2: Any, sampling2: Any
) -> None:
    one = Request(model, ask, sampling)
    two = Request(model2, ask2, sampling2)
    same = (model, ask, sampling) == (model2, ask2, sampling2)
    assert (one.hash == two.hash) is same
    shuffled = dict(reversed(list(sampling.items())))
    assert Request(model, ask, shuffled).hash == one.hash
    assert Request(model, ask, sampling, {"type": "string"}).hash != one.hash


def test_hashes_are_the_same_in_every_process() -> None:
    request = Request("local", [{"role": "user", "content": "Hi ☃"}], {"temperature": 0})
    assert request.hash == "b4313eb2f62e5fbeffcc65c2a174a7f9c77f3831afa7b21f17f590e70a1822ca"


@given(st.text(max_size=200))
def test_the_prompt_bound_covers_every_byte(text: str) -> None:
    request = Request("m", [{"role": "user", "content": text}], {})
    assert request.most_prompt_tokens(0) >= len(text.encode("utf-8", "replace"))

"""litellm as the way to hosted models, with the fake server in the provider's place."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from models.fake_server import FakeHangUp, FakeReply, FakeServer, chat
from tracegraph import runs
from tracegraph.models import LLM, Budget, BudgetExceeded, ModelError, RequestError, RetryPolicy
from tracegraph.models.hosted import HostedTransport, load_litellm
from tracegraph.runs import Store

MakeHosted = Callable[..., LLM]


class Colour(BaseModel):
    name: str
    shade: str = "any"


@pytest.fixture
def hosted(server: FakeServer, store: Store) -> MakeHosted:
    """Return a maker of clients of `openai/gpt-4.1-mini` that speak to the fake server."""

    def make(model: str = "openai/gpt-4.1-mini", **options: Any) -> LLM:
        options.setdefault("retry", RetryPolicy(first=0.01, longest=0.05))
        return LLM(model, base_url=server.url, api_key="sk-test-key", store=store, **options)

    return make


def as_openai(text: str = "hello", prompt: int = 100, completion: int = 10) -> dict[str, Any]:
    return chat(text, prompt, completion) | {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4.1-mini",
    }


async def test_an_answer_its_price_and_its_row(
    hosted: MakeHosted, server: FakeServer, store: Store
) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        assert body["model"] == "gpt-4.1-mini"
        assert body["max_tokens" if "max_tokens" in body else "max_completion_tokens"] == 50
        return as_openai()

    server.behave = behave
    budget = Budget(dollars=0.01)
    answer = await hosted(budget=budget).complete("Hi", max_tokens=50)
    price = 100 * 0.4e-6 + 10 * 1.6e-6
    assert answer.text == "hello"
    assert answer.cost == pytest.approx(price)
    assert budget.spent.dollars == pytest.approx(price, abs=1e-9)
    (call,) = runs.list_calls(store)
    assert (call.model, call.cost) == ("openai/gpt-4.1-mini", pytest.approx(price))
    assert server.headers[0]["authorization"] == "Bearer sk-test-key"
    assert "sk-test-key" not in str(store.fetch("SELECT * FROM calls")[0]["payload"])


async def test_dollars_are_reserved_before_the_call(hosted: MakeHosted, server: FakeServer) -> None:
    with pytest.raises(BudgetExceeded, match="dollars"):
        await hosted().complete("Hi", max_tokens=10_000, budget=Budget(dollars=0.01))
    assert server.bodies == []


async def test_a_model_without_a_price_has_no_dollar_budget(
    hosted: MakeHosted, server: FakeServer
) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        return as_openai() | {"model": "my-own-model"}

    server.behave = behave
    llm = hosted("openai/my-own-model")
    with pytest.raises(ModelError, match="price of openai/my-own-model is not known"):
        await llm.complete("Hi", budget=Budget(dollars=1))
    assert (await llm.complete("Hi", budget=Budget(tokens=10_000))).cost == 0
    priced = hosted("openai/my-own-model", price=(1e-3, 1e-2))
    answer = await priced.complete("Hi", max_tokens=20, budget=Budget(dollars=1))
    assert answer.cost == pytest.approx(100e-3 + 10e-2)


async def test_rate_limits_are_waited_for_and_refusals_explained(
    hosted: MakeHosted, server: FakeServer
) -> None:
    failures = [FakeReply(429, retry_after="0.1"), FakeReply(500)]

    async def behave(body: dict[str, Any]) -> Any:
        if failures:
            raise failures.pop(0)
        return as_openai()

    server.behave = behave
    assert (await hosted().complete("Hi")).attempts == 3
    failures.append(FakeReply(401))
    with pytest.raises(RequestError, match=r"401 .*OPENAI_API_KEY") as error:
        await hosted().complete("Hi")
    assert not error.value.retry


async def test_a_lost_call_is_charged_in_full(hosted: MakeHosted, server: FakeServer) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        await asyncio.sleep(30)

    server.behave = behave
    budget = Budget(dollars=1)
    llm = hosted(timeout=0.3, retry=RetryPolicy(attempts=1))
    with pytest.raises(RequestError, match="no answer"):
        await llm.complete("Hi", max_tokens=100, budget=budget)
    assert budget.spent.dollars >= 100 * 1.6e-6, "the provider may have charged it"


async def test_what_was_never_sent_is_not_charged(
    hosted: MakeHosted, server: FakeServer, store: Store
) -> None:
    budget = Budget(dollars=1, calls=10)
    llm = LLM(
        "openai/gpt-4.1-mini",
        base_url="http://127.0.0.1:9",
        api_key="sk-x",
        store=store,
        retry=RetryPolicy(attempts=2, first=0.01),
    )
    with pytest.raises(RequestError, match="cannot be reached"):
        await llm.complete("Hi", budget=budget)
    assert (budget.spent.dollars, budget.spent.calls) == (0, 0)
    assert runs.list_calls(store)[0].attempts == 2


async def test_a_connection_that_breaks_is_charged_and_tried_again(
    hosted: MakeHosted, server: FakeServer
) -> None:
    failures = [FakeHangUp()]

    async def behave(body: dict[str, Any]) -> Any:
        if failures:
            raise failures.pop()
        return as_openai()

    server.behave = behave
    budget = Budget(dollars=1)
    answer = await hosted().complete("Hi", max_tokens=1000, budget=budget)
    assert answer.attempts == 2
    assert budget.spent.dollars > 1000 * 1.6e-6 > answer.cost


async def test_cancelling_closes_the_request(hosted: MakeHosted, server: FakeServer) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        await asyncio.sleep(30)

    server.behave = behave
    llm = hosted()

    async def ask() -> None:
        await llm.complete("Hi")

    task = asyncio.create_task(ask())
    async with asyncio.timeout(20):
        while not server.in_flight:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while server.in_flight:
            await asyncio.sleep(0.01)
    assert server.given_up == 1


async def test_a_strict_schema_is_sent(hosted: MakeHosted, server: FakeServer) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        schema = body["response_format"]["json_schema"]
        assert schema["strict"] is True
        assert schema["schema"]["additionalProperties"] is False
        assert schema["schema"]["required"] == ["name", "shade"]
        return as_openai('{"name": "red", "shade": "dark"}')

    server.behave = behave
    answer = await hosted().complete("A colour", schema=Colour)
    assert answer.parsed == Colour(name="red", shade="dark")


async def test_without_constrained_decoding_the_schema_is_asked_for(
    hosted: MakeHosted, server: FakeServer
) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        assert "response_format" not in body
        assert body["messages"][0]["role"] == "system"
        assert '"properties"' in body["messages"][0]["content"]
        return as_openai('Sure: {"name": "red"} - is that fine?')

    server.behave = behave
    llm = hosted("openai/unknown-model", price=(0, 0))
    answer = await llm.complete("A colour", schema=Colour)
    assert answer.parsed == Colour(name="red")


async def test_hosted_embeddings(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        data = [{"object": "embedding", "index": i, "embedding": [float(i)]} for i in (1, 0)]
        return {
            "object": "list",
            "data": data,
            "model": "m",
            "usage": {"prompt_tokens": 4, "total_tokens": 4},
        }

    server.behave = behave
    transport = HostedTransport(
        "openai/text-embedding-3-small", api_base=server.url, api_key="sk-test"
    )
    vectors, used, cost = await transport.embed(["a", "b"], 10)
    assert (vectors, used) == ([[0.0], [1.0]], 4)
    assert cost == pytest.approx(4 * 2e-8)


async def test_a_missing_key_is_told_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    llm = LLM("openai/gpt-4.1-mini", store=store, retry=RetryPolicy(first=30, longest=30))
    with pytest.raises(RequestError, match=r"openai/gpt-4\.1-mini has no key: set it") as told:
        await llm.complete("Hi")
    assert not told.value.retry
    with pytest.raises(RequestError, match="name models as PROVIDER/NAME"):
        await LLM("nonsense", store=store).complete("Hi")


def test_the_worst_price_is_the_dearest_rate() -> None:
    load_litellm()
    sonnet = HostedTransport("anthropic/claude-sonnet-4-5")
    assert sonnet.worst_price(1000, 0) >= 1000 * 3.75e-6, "writing the cache costs more"
    assert sonnet.worst_price(0, 1000) >= 1000 * 15e-6
    assert math.isclose(HostedTransport("ollama/x").worst_price(10, 10), 0)

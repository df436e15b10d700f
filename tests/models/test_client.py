from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, Field, field_validator

from models.fake_server import FakeHangUp, FakeReply, FakeServer, chat
from tracegraph import runs
from tracegraph.agents.episode import Episode, Turn, note_tokenizer
from tracegraph.models import (
    LLM,
    Budget,
    BudgetExceeded,
    ModelTimeout,
    RequestError,
    SchemaError,
)
from tracegraph.runs import Store

MakeLLM = Callable[..., LLM]


class Colour(BaseModel):
    name: str
    warmth: int = Field(ge=0, le=10)


async def test_an_answer_and_its_row(llm: LLM, server: FakeServer, store: Store) -> None:
    answer = await llm.complete("Hi", temperature=0.5, seed=3, parent="greeter:0")
    assert (answer.text, answer.usage.tokens, answer.cost, answer.cached) == (
        "hello",
        10,
        0.0,
        False,
    )
    assert answer.sampling["temperature"] == 0.5
    assert answer.latency > 0
    (row,) = runs.list_calls(store)
    assert (row.status, row.node, row.prompt_tokens, row.completion_tokens) == (
        "ok",
        "greeter:0",
        7,
        3,
    )
    assert row.request_hash == answer.request_hash
    assert row.id == answer.call_ids[0]
    assert row.payload["answer"][0]["message"]["content"] == "hello"
    assert server.headers[0]["authorization"] == "Bearer secret-token"
    assert "secret-token" not in str(store.fetch("SELECT * FROM calls")[0]["payload"])


async def test_calls_belong_to_the_surrounding_run(make_llm: MakeLLM, store: Store) -> None:
    llm = make_llm(store=None)
    with runs.run_scope(store, "training") as run:
        await llm.complete("Hi")
        await asyncio.create_task(_ask(llm))
    assert [call.run for call in runs.list_calls(store)] == [run.id, run.id]


async def _ask(llm: LLM) -> None:
    await llm.complete("Hi")


async def test_log_probabilities_and_token_ids(llm: LLM, server: FakeServer) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        assert body["logprobs"] is True
        tokens = [
            {"token": "a", "logprob": -0.5, "id": 5},
            {"token": "b", "logprob": -1.5, "id": 6},
        ]
        return chat("ab", logprobs={"content": tokens}) | {"prompt_token_ids": [1, 2]}

    server.behave = behave
    answer = await llm.complete("Hi", logprobs=True)
    assert answer.token_ids == [5, 6]
    assert answer.logprobs == [-0.5, -1.5]
    assert answer.prompt_token_ids == [1, 2]


async def test_an_episode_names_what_made_its_token_ids(
    llm: LLM, make_llm: MakeLLM, server: FakeServer
) -> None:
    told = Episode("chat", "none", "t", turns=[Turn(token_ids=[1, 2])])
    bare = Episode("chat", "none", "t", turns=[Turn(answer="no ids")])
    for episode in (told, bare):
        await note_tokenizer(episode, llm)
    assert len({told.tokenizer, told.template}) == 2
    assert (bare.tokenizer, bare.template) == ("", "")
    again = Episode("chat", "none", "t", turns=[Turn(token_ids=[3])])
    await note_tokenizer(again, make_llm())
    assert (again.tokenizer, again.template) == (told.tokenizer, told.template)
    server.more = 3  # another tokenizer
    await note_tokenizer(again, make_llm())
    assert again.tokenizer != told.tokenizer
    assert again.template != told.template


async def test_a_schema_is_sent_and_validated(llm: LLM, server: FakeServer) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        schema = body["response_format"]["json_schema"]["schema"]
        assert schema["properties"]["warmth"]["maximum"] == 10
        return chat('{"name": "red", "warmth": 9}')

    server.behave = behave
    answer = await llm.complete("A colour", schema=Colour)
    assert answer.parsed == Colour(name="red", warmth=9)


async def test_a_wrong_answer_is_repaired_and_counted(
    llm: LLM, server: FakeServer, store: Store
) -> None:
    answers = ['{"name": "red", "warmth": 99}', "red!", '```json\n{"name":"red","warmth":9}\n```']

    async def behave(body: dict[str, Any]) -> Any:
        return chat(answers[len(server.bodies) - 1])

    server.behave = behave
    budget = Budget(calls=5)
    answer = await llm.complete("A colour", schema=Colour, budget=budget)
    assert answer.parsed == Colour(name="red", warmth=9)
    assert answer.repairs == 2
    assert answer.usage.tokens == 30
    assert budget.spent.calls == 3
    assert "less than or equal to 10" in server.bodies[1]["messages"][-1]["content"]
    assert server.bodies[1]["messages"][-2]["content"] == answers[0]
    assert len(server.bodies[2]["messages"]) == 3, "each repair starts from the question"
    assert len(runs.list_calls(store)) == 3


async def test_an_answer_that_cannot_be_repaired_is_shown(llm: LLM, server: FakeServer) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        return chat("I like red")

    server.behave = behave
    with pytest.raises(SchemaError, match="after 2 repairs") as error:
        await llm.complete("A colour", schema=Colour)
    assert error.value.raw == "I like red"
    assert len(server.bodies) == 3


async def test_refusals_that_may_pass_are_tried_again(
    llm: LLM, server: FakeServer, store: Store
) -> None:
    failures = [FakeReply(503), FakeHangUp(), FakeReply(429, retry_after="0.2")]

    async def behave(body: dict[str, Any]) -> Any:
        if failures:
            raise failures.pop(0)
        return chat()

    server.behave = behave
    started = time.monotonic()
    answer = await llm.complete("Hi")
    assert answer.attempts == 4
    assert time.monotonic() - started >= 0.2, "Retry-After is obeyed"
    (row,) = runs.list_calls(store)
    assert (row.status, row.attempts) == ("ok", 4)


@pytest.mark.parametrize("status", [400, 401, 404, 422])
async def test_a_plain_refusal_is_not_repeated(
    llm: LLM, server: FakeServer, store: Store, status: int
) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        raise FakeReply(status, {"error": {"message": "no such thing"}})

    server.behave = behave
    with pytest.raises(RequestError, match=f"{status}: no such thing"):
        await llm.complete("Hi")
    assert len(server.bodies) == 1
    (row,) = runs.list_calls(store)
    assert row.status == "error"
    assert "no such thing" in (row.error or "")


async def test_a_server_that_asks_for_an_hour_is_given_up(llm: LLM, server: FakeServer) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        raise FakeReply(429, retry_after="3600")

    server.behave = behave
    with pytest.raises(RequestError, match="429"):
        await llm.complete("Hi")
    assert len(server.bodies) == 1


async def test_a_timeout_closes_the_request(make_llm: MakeLLM, server: FakeServer) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        await asyncio.sleep(10)

    server.behave = behave
    llm = make_llm(timeout=0.1)
    with pytest.raises(ModelTimeout, match=r"within 0\.1 s"):
        await llm.complete("Hi")
    await asyncio.sleep(0.05)
    assert (len(server.bodies), server.given_up, server.in_flight) == (2, 2, 0)


async def test_timeouts_are_repeated_less_often_than_refusals(
    make_llm: MakeLLM, server: FakeServer, store: Store
) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        await asyncio.sleep(10)

    server.behave = behave
    with pytest.raises(ModelTimeout):
        await make_llm(timeout=0.05).complete("Hi")
    assert runs.list_calls(store)[0].attempts == 2


async def test_the_sync_face_does_not_wait_for_itself(llm: LLM) -> None:
    class Nested(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def _ask_again(cls, value: str) -> str:
            return llm.complete_sync("Hi").text

    def ask() -> None:
        with pytest.raises(RuntimeError, match="use `await`"):
            llm.complete_sync("Hi", schema=Nested)

    async def behave(body: dict[str, Any]) -> Any:
        return chat('{"name": "x"}')

    llm.transport.upstream._server.behave = behave  # type: ignore[attr-defined]
    await asyncio.to_thread(ask)


async def test_cancelling_closes_the_request_and_leaves_a_row(
    llm: LLM, server: FakeServer, store: Store
) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        await asyncio.sleep(10)

    server.behave = behave
    budget = Budget(tokens=10_000)
    task = asyncio.create_task(_ask_with(llm, budget))
    while not server.in_flight:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.05)
    assert server.given_up == 1
    assert (budget.reserved.tokens, budget.spent.tokens) == (0, 0)
    store.flush()
    assert [row.status for row in runs.list_calls(store)] == ["cancelled"]


async def _ask_with(llm: LLM, budget: Budget) -> None:
    await llm.complete("Hi", budget=budget)


async def test_the_limit_in_flight_holds(make_llm: MakeLLM, server: FakeServer) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        await asyncio.sleep(0.01)
        return chat()

    server.behave = behave
    llm = make_llm(concurrency=4)
    answers = await asyncio.gather(*(llm.complete(f"Hi {n}") for n in range(40)))
    assert len(answers) == 40
    assert server.most_in_flight == 4


async def test_fifty_callers_keep_a_token_budget(
    llm: LLM, server: FakeServer, store: Store
) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        await asyncio.sleep(0.002 * (len(server.bodies) % 5))
        return chat(prompt=5, completion=body["max_tokens"] - len(server.bodies) % 3)

    server.behave = behave
    budget = Budget(tokens=400)
    results = await asyncio.gather(
        *(llm.complete(f"Hi {n}", max_tokens=10, budget=budget) for n in range(50)),
        return_exceptions=True,
    )
    answered = [r for r in results if not isinstance(r, BaseException)]
    refused = [r for r in results if isinstance(r, BudgetExceeded)]
    assert len(answered) + len(refused) == 50
    assert budget.spent.tokens == sum(a.usage.tokens for a in answered) <= 400
    assert budget.spent.tokens > 360, "what is left does not cover one more call"
    assert len(server.bodies) == len(answered), "nothing was sent for those refused"
    assert runs.call_totals(store).errors == len(refused)


async def test_an_exhausted_budget_sends_nothing(llm: LLM, server: FakeServer) -> None:
    with pytest.raises(BudgetExceeded):
        await llm.complete("Hi", budget=Budget(calls=0))
    with pytest.raises(BudgetExceeded):
        await llm.complete("Hi", budget=Budget(tokens=20), max_tokens=19)
    assert server.bodies == []


async def test_time_left_bounds_a_call(llm: LLM, server: FakeServer) -> None:
    async def behave(body: dict[str, Any]) -> Any:
        await asyncio.sleep(10)

    server.behave = behave
    started = time.monotonic()
    with pytest.raises((ModelTimeout, BudgetExceeded)):
        await llm.complete("Hi", budget=Budget(seconds=0.2))
    assert time.monotonic() - started < 2


def test_the_sync_face_without_a_loop(tmp_path: Any) -> None:
    with FakeServerThread() as server:
        llm = server.llm(tmp_path)
        assert [llm.complete_sync("Hi").text for _ in range(3)] == ["hello"] * 3


async def test_the_sync_face_within_a_loop(tmp_path: Any) -> None:
    with FakeServerThread() as server:
        llm = server.llm(tmp_path)
        assert llm.complete_sync("Hi").text == "hello"
        assert (await llm.complete("Hi")).text == "hello"


def test_the_sync_face_from_many_threads_keeps_the_limit(tmp_path: Any) -> None:
    with FakeServerThread() as server:
        llm = server.llm(tmp_path, concurrency=3)
        found: list[str] = []

        def ask(number: int) -> None:
            found.append(llm.complete_sync(f"Hi {number}").text)

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert found == ["hello"] * 12
        assert server.server.most_in_flight <= 3


def test_errors_come_out_of_the_sync_face(tmp_path: Any) -> None:
    with FakeServerThread() as server:
        llm = server.llm(tmp_path)
        with pytest.raises(BudgetExceeded):
            llm.complete_sync("Hi", budget=Budget(calls=0))


class FakeServerThread:
    """The fake server in a loop and thread of its own."""

    def __enter__(self) -> FakeServerThread:
        self.loop = asyncio.new_event_loop()
        self.server = FakeServer()
        ready, self._end = threading.Event(), asyncio.Event()

        async def serve() -> None:
            async with self.server:
                ready.set()
                await self._end.wait()

        self._thread = threading.Thread(target=lambda: self.loop.run_until_complete(serve()))
        self._thread.start()
        assert ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)

    def llm(self, folder: Any, **options: Any) -> LLM:
        from models.fake_server import FakeUpstream
        from tracegraph.models.served import ServedTransport

        transport = ServedTransport(FakeUpstream(self.server, 8))
        return LLM("fake", transport=transport, store=Store(folder / "runs.db"), **options)

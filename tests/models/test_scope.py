from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.fake_server import FakeReply, FakeServer
from tracegraph.models import LLM, Budget, BudgetExceeded, Cache, RequestError, surround
from tracegraph.models.retry import RetryPolicy

MakeLLM = Callable[..., LLM]


async def test_every_client_inside_is_charged_to_the_surrounding_budget(
    make_llm: MakeLLM, server: FakeServer
) -> None:
    run, own = Budget(calls=3, name="run"), Budget(calls=2, name="own")
    plain, thrifty = make_llm(), make_llm(budget=own)
    with surround(budget=run):
        await plain.complete("a")
        await thrifty.complete("b")
        await asyncio.to_thread(plain.complete_sync, "c")
        with pytest.raises(BudgetExceeded, match="run"):
            await thrifty.complete("d")
    assert (run.spent.calls, own.spent.calls) == (3, 1)
    assert run.reserved.calls == own.reserved.calls == 0
    await plain.complete("e")
    assert run.spent.calls == 3


async def test_a_refusal_of_the_inner_budget_frees_the_outer(make_llm: MakeLLM) -> None:
    run, own = Budget(calls=3, name="run"), Budget(calls=0, name="own")
    with surround(budget=run), pytest.raises(BudgetExceeded, match="own"):
        await make_llm(budget=own).complete("a")
    assert run.spent.calls == run.reserved.calls == 0


async def test_a_child_is_charged_once(make_llm: MakeLLM) -> None:
    run = Budget(calls=3, name="run")
    with surround(budget=run):
        await make_llm(budget=run.child("step")).complete("a")
    assert run.spent.calls == 1


async def test_a_surrounding_cache_serves_all_clients(
    make_llm: MakeLLM, server: FakeServer, tmp_path: Path
) -> None:
    run, cache = Budget(calls=1), Cache(tmp_path / "answers.db")
    with surround(budget=run, cache=cache):
        first = await make_llm().complete("a")
        with surround(budget=Budget()):
            again = await make_llm().complete("a")
    cache.close()
    assert (first.cached, again.cached) == (False, True)
    assert len(server.bodies) == 1


async def test_failures_are_told_although_the_caller_hides_them(make_llm: MakeLLM) -> None:
    failures: list[BaseException] = []
    with surround(budget=Budget(calls=0), failures=failures), pytest.raises(BudgetExceeded):
        await make_llm().complete("a")
    assert [type(error) for error in failures] == [BudgetExceeded]


async def test_all_who_wait_for_one_answer_are_told_of_its_failure(
    make_llm: MakeLLM, server: FakeServer, tmp_path: Path
) -> None:
    async def fail(body: dict[str, Any]) -> Any:
        await asyncio.sleep(0.2)
        raise FakeReply(500)

    server.behave = fail
    cache = Cache(tmp_path / "answers.db")
    llm = make_llm(retry=RetryPolicy(attempts=1))

    async def ask() -> list[BaseException]:
        failures: list[BaseException] = []
        with surround(cache=cache, failures=failures), pytest.raises(RequestError):
            await llm.complete("the same")
        return failures

    told = await asyncio.gather(*(ask() for _ in range(4)))
    cache.close()
    assert len(server.bodies) == 1
    assert [[type(error) for error in failures] for failures in told] == [[RequestError]] * 4

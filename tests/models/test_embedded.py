"""The real embedded model behind its real server process."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from tracegraph import runs
from tracegraph.models import LLM, Budget, BudgetExceeded, ModelError, image
from tracegraph.models.local.files import present, resolve
from tracegraph.models.local.server import ensure, stop
from tracegraph.models.local.state import ServerState, all_states, key_of, state_path
from tracegraph.runs import Store, process_alive

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.skipif(not present(), reason="not fetched: tracegraph models pull"),
]

needs_smollm = pytest.mark.skipif(
    not present("smollm2"), reason="not fetched: tracegraph models pull smollm2"
)


class Person(BaseModel):
    name: str
    age: int = Field(ge=0, le=150)
    languages: list[str] = Field(max_length=5)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder in which only this test's server is written down, ended at the end."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("state")
    patch.setenv("TRACEGRAPH_STATE", str(folder))
    try:
        yield folder
    finally:
        for key in all_states():
            stop(key)
        patch.undo()


def server() -> ServerState:
    return all_states()[key_of(resolve(""))]


async def test_an_answer_without_any_key(state: Path, store: Store) -> None:
    async with LLM("local", store=store) as llm:
        answer = await llm.complete("What is 2 + 3? Answer with the number only.", max_tokens=8)
    assert "5" in answer.text
    assert answer.cost == 0
    assert (server().slots, server().engine) == (4, "llama.cpp")


async def test_a_schema_holds_for_a_small_model(state: Path, store: Store) -> None:
    async with LLM("local", store=store) as llm:
        answer = await llm.complete(
            "Ada Lovelace was 36 years old and spoke English, French and Italian.",
            schema=Person,
            max_tokens=120,
        )
    assert answer.parsed is not None
    assert (answer.parsed.name, answer.parsed.age) == ("Ada Lovelace", 36)
    assert "French" in answer.parsed.languages


async def test_token_ids_log_probabilities_and_exact_counts(state: Path, store: Store) -> None:
    async with LLM("local", store=store, max_tokens=6) as llm:
        answer = await llm.complete("Name a colour.", logprobs=True)
        assert answer.token_ids
        assert answer.logprobs
        assert len(answer.token_ids) == len(answer.logprobs) == answer.usage.completion_tokens
        assert answer.prompt_token_ids
        assert len(answer.prompt_token_ids) == answer.usage.prompt_tokens
        assert answer.sampling["top_p"] == 1.0
        exact = answer.usage.prompt_tokens + 6
        budget = Budget(tokens=exact)
        await llm.complete("Name a colour.", budget=budget)
        with pytest.raises(BudgetExceeded):
            await llm.complete("Name a colour.", budget=Budget(tokens=exact - 1))
        several = await llm.complete("Name a colour.", n=3, temperature=1, seed=7)
        assert len(several.choices) == 3
        assert several.usage.completion_tokens > 3


async def test_pictures_are_refused_before_they_are_sent(state: Path, store: Store) -> None:
    picture = image(b"\x89PNG\r\n\x1a\n")
    async with LLM("local", store=store) as llm:
        with pytest.raises(ModelError, match="reads text only"):
            await llm.complete([{"role": "user", "content": ["What is this?", picture]}])


async def test_only_the_user_can_ask_the_server(state: Path) -> None:
    found = await asyncio.to_thread(ensure)
    mode = state_path(key_of(resolve(""))).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    with pytest.raises(urllib.error.HTTPError, match="401"):
        await asyncio.to_thread(urllib.request.urlopen, f"{found.url}/v1/models")


async def test_processes_of_a_user_share_one_server(state: Path) -> None:
    before = server()
    program = "from tracegraph.models.local.server import ensure; s = ensure(); print(s.pid, s.url)"
    made = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = {process.communicate()[0].strip() for process in made}
    assert said == {f"{before.pid} {before.url}"}


async def test_the_server_is_killed_in_the_middle_of_a_run(state: Path, store: Store) -> None:
    before = server()

    async with LLM("local", store=store, max_tokens=24) as llm:

        async def ask(number: int) -> str:
            return (await llm.complete(f"Write one sentence about the number {number}.")).text

        tasks = [asyncio.create_task(ask(number)) for number in range(8)]
        await asyncio.sleep(1.5)
        os.kill(before.pid, signal.SIGKILL)
        texts = await asyncio.gather(*tasks)
    assert all(texts)
    calls = runs.list_calls(store)
    assert [call.status for call in calls] == ["ok"] * 8
    assert max(call.attempts for call in calls) > 1
    assert server().pid != before.pid
    assert not process_alive(before.pid, before.start)


@needs_smollm
async def test_two_hundred_calls_through_four_slots(state: Path, store: Store) -> None:
    budget = Budget(calls=200)
    async with LLM("local:smollm2", store=store, max_tokens=4) as llm:
        answers = await asyncio.gather(
            *(llm.complete(f"Is {n} even? yes or no", budget=budget) for n in range(200))
        )
    assert len(answers) == 200
    assert all(answer.text for answer in answers)
    assert budget.spent.calls == 200
    assert runs.call_totals(store).errors == 0
    assert len({call.id for call in runs.list_calls(store)}) == 200


@needs_smollm
async def test_fifty_callers_keep_a_token_budget(state: Path, store: Store) -> None:
    budget = Budget(tokens=1500)
    async with LLM("local:smollm2", store=store, max_tokens=10) as llm:
        results = await asyncio.gather(
            *(llm.complete(f"Count to {n}.", budget=budget) for n in range(50)),
            return_exceptions=True,
        )
    answers = [result for result in results if not isinstance(result, BaseException)]
    assert sum(isinstance(result, BudgetExceeded) for result in results) == 50 - len(answers)
    assert budget.spent.tokens == sum(answer.usage.tokens for answer in answers) <= 1500
    assert len(answers) > 20, "most of the budget could be used"
    assert runs.call_totals(store).prompt_tokens + runs.call_totals(store).completion_tokens == (
        budget.spent.tokens
    )


_STARTER = """
import os, signal
from tracegraph.models.local.server import ensure
print(ensure("smollm2").pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@needs_smollm
def test_the_server_outlives_its_starter_and_ends_when_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEGRAPH_STATE", str(tmp_path))
    monkeypatch.setenv("TRACEGRAPH_LOCAL_IDLE", "4")
    starter = subprocess.run(
        [sys.executable, "-c", _STARTER], stdout=subprocess.PIPE, text=True, check=False
    )
    assert starter.returncode == -signal.SIGKILL
    pid = int(starter.stdout)
    (found,) = all_states().values()
    assert found.pid == pid
    assert ensure("smollm2").pid == pid, "it is found again"
    deadline = time.monotonic() + 30
    while process_alive(pid, found.start) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not process_alive(pid, found.start)
    assert all_states() == {}

import asyncio

import pytest

from tracegraph.agents import Episode, Turn
from tracegraph.envs import EnvError, EvalError, Score
from tracegraph.models import BudgetExceeded, RequestError
from tracegraph.rollout import Work, rollout
from tracegraph.runs import Run, Store, list_episodes, start_run


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "runs.db") as store:
        yield store


@pytest.fixture
def run(store):
    run = Run("eval test")
    start_run(store, run).result()
    return run.id


def solved(item):
    episode = Episode("agent", "env", item.task, turns=[Turn(answer="42", token_ids=[4, 2])])
    episode.judge(Score(1.0, {"exact": 1.0}))
    return episode


async def test_episodes_are_stored_and_come_back_as_they_were(store, run):
    async def episode(item):
        return solved(item)

    work = [Work(f"t{i}", f"task {i}", seed=i) for i in range(5)]
    first = await rollout(work, episode, store=store, run=run)
    assert [e.task for e in first] == [f"task {i}" for i in range(5)]
    (row, *_) = list_episodes(store, run, task="task 3")
    again = Episode.from_stored(row)
    assert again.turns[0].token_ids == [4, 2]
    assert (again.reward, again.rewards, again.outcome, again.seed) == (
        1.0, {"exact": 1.0}, "success", 3,
    )  # fmt: skip


async def test_what_is_stored_is_not_run_again(store, run):
    ran = []

    async def episode(item):
        ran.append(item.key)
        return solved(item)

    await rollout([Work("a", "a")], episode, store=store, run=run)
    both = await rollout([Work("a", "a"), Work("b", "b")], episode, store=store, run=run)
    assert ran == ["a", "b"]
    assert [e.task for e in both] == ["a", "b"]


@pytest.mark.parametrize(
    "error", [EnvError("broke"), EvalError("lost"), RequestError("down", retry=False)]
)
async def test_faults_of_the_machine_are_tried_again(store, run, error):
    tries = []

    async def episode(item):
        tries.append(item.key)
        if len(tries) < 3:
            raise error
        return solved(item)

    (only,) = await rollout([Work("a", "a")], episode, store=store, run=run, attempts=3)
    assert only.outcome == "success"
    assert len(tries) == 3


async def test_what_fails_to_the_last_has_no_reward_and_is_tried_on_resume(store, run):
    async def broken(item):
        raise EnvError("no display")

    async def episode(item):
        return solved(item)

    (only,) = await rollout([Work("a", "a")], broken, store=store, run=run, attempts=2)
    assert (only.outcome, only.reward) == ("env_error", None)
    assert "no display" in only.error
    (after,) = await rollout([Work("a", "a")], episode, store=store, run=run)
    assert after.outcome == "success"


async def test_a_hung_environment_is_a_fault_of_the_machine(store, run):
    async def episode(item):
        await asyncio.sleep(60)

    (only,) = await rollout(
        [Work("a", "a")], episode, store=store, run=run, attempts=2, timeout=0.01
    )
    assert only.outcome == "env_error"


async def test_a_used_up_budget_keeps_what_was_done(store, run):
    told = []

    async def episode(item):
        if item.key == "c":
            raise BudgetExceeded("tokens are used up", budget="run", kind="tokens")
        return solved(item)

    work = [Work(key, key) for key in "abcd"]
    done = await rollout(
        work, episode, store=store, run=run, concurrency=1,
        on_event=lambda kind, what: told.append(kind),
    )  # fmt: skip
    assert [e.task for e in done] == ["a", "b"]
    assert told[-1] == "budget"


async def test_so_many_at_a_time(store, run):
    now, most = 0, 0

    async def episode(item):
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return solved(item)

    await rollout([Work(str(i), str(i)) for i in range(12)], episode, store=store, run=run,
                  concurrency=3)  # fmt: skip
    assert most == 3

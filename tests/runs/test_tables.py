from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from tracegraph import runs
from tracegraph.runs import Store
from tracegraph.runs.payload import decode, encode

finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | finite | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(json_values)
def test_payloads_come_back_as_they_were(value: object) -> None:
    assert decode(encode(value)) == value


def test_a_lone_surrogate_survives() -> None:
    assert decode(encode({"text": "half \ud83d"})) == {"text": "half \ud83d"}


def test_rich_values_become_plain_ones() -> None:
    class Point(BaseModel):
        x: int

    @dataclass
    class Pair:
        left: Point
        where: Path

    assert decode(encode(Pair(Point(x=1), Path("/a")))) == {"left": {"x": 1}, "where": "/a"}
    assert decode(encode({"s": {3, 1, 2}})) == {"s": [1, 2, 3]}


@pytest.mark.parametrize("value", [float("nan"), object(), {1j}])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(runs.StoreError, match="cannot be stored"):
        encode({"x": value})


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(model=names, tokens=st.integers(0, 2**40), payload=st.dictionaries(names, json_values))
def test_a_call_comes_back_as_it_was(
    store: Store, model: str, tokens: int, payload: dict[str, object]
) -> None:
    call = runs.Call(model, "ok", "hash", prompt_tokens=tokens, payload=payload, cost=0.25)
    runs.add_call(store, call).result()
    assert runs.list_calls(store, limit=100_000)[-1] == call


def test_call_totals_by_run(store: Store) -> None:
    for n, run in enumerate(["a", "a", "b"]):
        call = runs.Call("m", "ok" if n else "error", "h", run=run, prompt_tokens=10, cost=0.5)
        runs.add_call(store, call).result()
    totals = runs.call_totals(store, run="a")
    assert (totals.calls, totals.errors, totals.prompt_tokens, totals.cost) == (2, 1, 20, 1.0)
    assert runs.call_totals(store).calls == 3
    assert runs.call_totals(store, run="none").calls == 0


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    ids = [runs.new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert [i[:9] for i in ids] == sorted(i[:9] for i in ids)
    assert {len(i) for i in ids} == {26}


def test_an_evaluation_is_written_once(store: Store) -> None:
    first = runs.Evaluation("r", "c1/t1/0", "success", candidate="c1", task="t1", score=1.0)
    again = runs.Evaluation("r", "c1/t1/0", "failure", candidate="c1", task="t1", score=0.0)
    assert runs.add_evaluation(store, first).result() is True
    assert runs.add_evaluation(store, again).result() is False
    assert runs.list_evaluations(store, "r", candidate="c1") == [first]


def test_candidates_proposals_decisions(store: Store) -> None:
    candidate = runs.Candidate("r", payload={"prompt": "x"})
    proposal = runs.StoredProposal("r", "OptoPrime", candidate.id, payload={"prompt": "y"})
    decision = runs.Decision("r", "accepted", proposal.id, candidate.id, payload={"p": 0.01})
    runs.add_candidate(store, candidate)
    runs.add_proposal(store, proposal)
    runs.add_decision(store, decision)
    runs.update_candidate(store, candidate.id, status="best").result()
    assert [c.status for c in runs.list_candidates(store, "r")] == ["best"]
    assert runs.list_candidates(store, "r")[0].payload == {"prompt": "x"}
    assert runs.list_proposals(store, "r") == [proposal]
    assert runs.list_decisions(store, "r") == [decision]


def test_an_episode_is_written_once(store: Store) -> None:
    episode = runs.StoredEpisode("r", "t/1", "gui", "desktop", "success", "t", 1, 1.0)
    assert runs.add_episode(store, episode).result() is True
    again = runs.StoredEpisode("r", "t/1", "gui", "desktop", "failure", "t", 1, 0.0)
    assert runs.add_episode(store, again).result() is False
    assert runs.list_episodes(store, "r", outcome="success") == [episode]
    assert runs.find_episodes(store, "r", ["t/1", "t/2"]) == {"t/1": episode}
    assert runs.find_episodes(store, "another", ["t/1"]) == {}


def test_state_is_replaced_and_blobs_are_kept_once(store: Store) -> None:
    runs.save_state(store, "r", "loop", {"step": 1})
    runs.save_state(store, "r", "loop", {"step": 2}).result()
    assert runs.load_state(store, "r", "loop") == {"step": 2}
    assert runs.load_state(store, "r", "other", 7) == 7
    names = {runs.add_blob(store, b"png", "image/png").result() for _ in range(2)}
    assert names == {runs.blob_hash(b"png")}
    assert runs.get_blob(store, names.pop()) == (b"png", "image/png")
    assert runs.get_blob(store, "nothing") is None


async def test_events_can_be_followed_live(store: Store) -> None:
    seen: list[object] = []

    async def reader() -> None:
        async for event in runs.follow_events(store, run="r", every=0.01):
            seen.append(event.payload)
            if len(seen) == 20:
                return

    async def writer() -> None:
        for n in range(20):
            await runs.add_event(store, "tick", n, run="r")
            runs.add_event(store, "noise", n, run="other")
            await asyncio.sleep(0.001)

    async with asyncio.timeout(10):
        await asyncio.gather(reader(), writer())
    assert seen == list(range(20))


def test_a_run_scope_says_how_it_ended(store: Store) -> None:
    with runs.run_scope(store, "training", "one", lr=2) as one:
        scope = runs.current()
        assert scope
        assert scope.run is one
        with runs.run_scope(store, "evaluation") as two:
            assert two.parent == one.id
    assert runs.current() is None
    with pytest.raises(ZeroDivisionError), runs.run_scope(store, "training") as three:
        _ = 1 / 0
    with pytest.raises(KeyboardInterrupt), runs.run_scope(store, "training") as four:
        raise KeyboardInterrupt
    ended = {run.id: run for run in runs.list_runs(store)}
    assert [ended[r.id].status for r in (one, two, three, four)] == [
        "finished",
        "finished",
        "failed",
        "stopped",
    ]
    assert ended[one.id].config == {"lr": 2}
    assert "ZeroDivisionError" in ended[three.id].summary["error"]


_DIES = """
import os, signal, sys
from tracegraph import runs
store = runs.Store(sys.argv[1])
with runs.run_scope(store, "training") as run:
    runs.save_state(store, run.id, "loop", {"step": 3}).result()
    print(run.id, flush=True)
    sys.stdin.read()
"""


def test_a_killed_run_is_recognised_and_taken_over_once(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    process = subprocess.Popen(
        [sys.executable, "-c", _DIES, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    id = process.stdout.readline().strip()
    with Store(path) as store:
        run = runs.get_run(store, id)
        assert run
        assert not run.interrupted
        with pytest.raises(runs.RunTakenError, match="still going on"):
            runs.take_run(store, id).result()
        process.kill()
        process.communicate()
        run = runs.get_run(store, id)
        assert run
        assert run.interrupted
        taken = runs.take_run(store, id).result()
        assert str(os.getpid()) in (taken.owner or "")
        assert runs.load_state(store, id, "loop") == {"step": 3}
        with pytest.raises(runs.StoreError, match="no run"):
            runs.take_run(store, "nothing").result()

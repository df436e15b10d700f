"""Engines: another process that is quicker, a machine that dies, an episode that hangs."""

import asyncio
from pathlib import Path

import pytest

from tracegraph.agents import Episode
from tracegraph.envs import EnvError
from tracegraph.rollout import OnRay, Segments, Work, policy_id, read_segments, rollout, spread
from tracegraph.runs import Run, Store, add_episode, list_episodes, start_run


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "runs.db") as store:
        yield store


@pytest.fixture
def run(store):
    run = Run("rollout")
    start_run(store, run).result()
    return run.id


def test_keys_are_task_sample_and_policy():
    one, other = policy_id({"model": "m", "p": "1"}), policy_id({"model": "m", "p": "2"})
    assert one != other == policy_id({"p": "2", "model": "m"})
    work = list(spread([("a", 1), ("b", 2)], 2, policy=one, seed=7))
    assert [w.key for w in work] == [f"a#0@{one}", f"a#1@{one}", f"b#0@{one}", f"b#1@{one}"]
    assert [(w.seed, w.sample) for w in work] == [(7, 0), (8, 1)] * 2
    assert work[0].group == work[1].group != work[2].group
    assert not {w.key for w in work} & {w.key for w in spread([("a", 1)], 2, policy=other)}


async def test_what_another_process_stored_first_counts(store, run, tmp_path):
    async def episode(item):
        theirs = Episode("other", "env", "t", "success", reward=1.0)
        await add_episode(store, theirs.to_stored(run, item.key))
        return Episode("ours", "env", "t", "failure", reward=0.0)

    (only,) = await rollout(
        [Work("k", "t")], episode, store=store, run=run, segments=Segments(tmp_path / "s")
    )
    assert (only.agent, only.reward) == ("other", 1.0)
    assert len(list_episodes(store, run)) == 1
    assert not list(read_segments(tmp_path / "s"))


async def test_segments_get_what_the_store_gets(store, run, tmp_path):
    async def episode(item):
        if item.task == "broken":
            raise EnvError("no display")
        return Episode("a", "e", item.task, "success", reward=1.0)

    work = [*spread([("x", "x"), ("y", "y")], 2), Work("broken", "broken")]
    await rollout(work, episode, store=store, run=run, segments=Segments(tmp_path / "s"),
                  attempts=1)  # fmt: skip
    written = {(r.key, r.outcome, r.payload["group"]) for r in read_segments(tmp_path / "s")}
    assert written == {(r.key, r.outcome, r.payload["group"]) for r in list_episodes(store, run)}
    assert ("x#1", "success", "x") in written


async def test_what_a_kill_kept_from_the_segments_gets_there_on_resume(store, run, tmp_path):
    async def episode(item):
        return Episode("a", "e", item.task, "success", reward=1.0)

    work = [Work(key, key) for key in "abc"]
    await rollout(work[:2], episode, store=store, run=run)
    for _ in range(2):
        await rollout(work, episode, store=store, run=run, segments=Segments(tmp_path / "s"))
    files = sorted((tmp_path / "s").glob("*.jsonl"))
    assert sum(len(file.read_text().splitlines()) for file in files) == 3
    assert {row.key for row in read_segments(tmp_path / "s")} == set("abc")


@pytest.mark.slow
def test_two_ray_nodes_one_killed_in_the_middle_every_episode_counts_once(
    store, run, tmp_path, monkeypatch
):
    pytest.importorskip("ray")
    import ray
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    began = str(tmp_path / "began")

    async def episode(item):
        with open(began, "a") as opened:
            opened.write(f"{item.key} {ray.get_runtime_context().get_node_id()}\n")
        if item.task == "hangs":
            await asyncio.sleep(600)
        if item.task == "broken":
            raise EnvError("no display")
        await asyncio.sleep(0.4)
        return Episode("agent", "env", item.key, "success", item.seed, reward=1.0)

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    second = cluster.add_node(num_cpus=2)
    events = []
    try:
        ray.init(address=cluster.address, log_to_driver=False)
        engine = OnRay(cpus=1)
        work = [*spread([(f"t{i}", i) for i in range(12)], 2), Work("broken", "broken"),
                Work("hangs", "hangs")]  # fmt: skip

        def told(kind, what):
            events.append(kind)
            if kind == "episode" and events.count("episode") == 6:
                cluster.remove_node(second, allow_graceful=False)

        done = asyncio.run(
            rollout(
                work,
                episode,
                store=store,
                run=run,
                engine=engine,
                concurrency=4,
                attempts=2,
                timeout=12,
                on_event=told,
            )
        )
    finally:
        ray.shutdown()
        cluster.shutdown()
    outcomes = [e.outcome for e in done]
    assert outcomes == ["success"] * 24 + ["env_error"] * 2
    good = list_episodes(store, run, outcome="success")
    assert len(good) == len({r.key for r in good}) == 24
    lines = [line.split() for line in Path(began).read_text().splitlines()]
    assert len({node for _, node in lines}) == 2  # both nodes had worked
    starts = [key for key, _ in lines if key.startswith("t")]
    assert len(starts) > 24  # some were begun again elsewhere

"""Episodes of several turns: masks, replay, a real notebook; samples from a server."""

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

pytest.importorskip("peft")

from tracegraph.agents import Episode, Turn
from tracegraph.envs import EnvError, Score
from tracegraph.errors import TracegraphError
from tracegraph.policy.play import one_sequence
from tracegraph.policy.trainer.log import read
from tracegraph.policy.trainer.model import Bytes, load_learner
from tracegraph.policy.trainer.notebook import notebook, text_of_file
from tracegraph.policy.trainer.sample import Sample
from tracegraph.policy.trainer.sampler import Draw, InProcess
from tracegraph.policy.trainer.settings import Settings
from tracegraph.policy.trainer.tasks import Problem, Task
from tracegraph.policy.trainer.train import train
from tracegraph.policy.trainer.update import Group, update


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@asynccontextmanager
async def two_turns(codec):
    """What is said first comes back; only who then begins with one of 16 bytes succeeds."""

    async def play(problem, ask):
        if problem.id == "broken":
            raise EnvError("no display")
        first = await ask(codec.encode(problem.turns))
        between = codec.between("?", ended=first.token_ids[-1] in codec.stop)
        second = await ask([*first.prompt_token_ids, *first.token_ids, *between])
        episode = Episode("two turns", "none", problem.id, turns=[first, second])
        episode.judge(Score(float(second.token_ids[0] // 16 == 6)))
        return episode

    yield play


def a_task(names="abcdef", **more):
    problems = tuple(Problem(name, (name,), "") for name in names)
    return Task("two", problems[:2], problems[2:4], problems[4:], 2, two_turns, **more)


SETTINGS = Settings(
    steps=6, problems=2, samples=8, rate=1e-2, rank=4, every=3, rounds=1, enough=2.0, replay="on"
)


@pytest.mark.slow
def test_replay_gives_failed_groups_a_success_and_a_resumed_training_the_same(tmp_path):
    def curve(name):
        lines = read(tmp_path / name / "log.jsonl")
        return [{k: v for k, v in e.items() if not k.endswith("seconds")} for e in lines]

    def run(name, **more):
        settings = replace(SETTINGS, **more)
        train(load_learner("tiny", rank=4), a_task(), settings, tmp_path / name,
              resume=(tmp_path / name).exists())  # fmt: skip

    run("whole")
    run("cut", steps=3)
    run("cut")
    whole = curve("whole")
    # The shorter one also looked at its end.
    assert [e for e in curve("cut") if e["event"] == "step"] == [
        e for e in whole if e["event"] == "step"
    ]
    steps = [e for e in whole if e["event"] == "step"]
    assert all(e["turns"] == 2 for e in steps)
    assert steps[-1]["kept"] > 0
    assert sum(e["replayed"] for e in steps) > 0
    assert (tmp_path / "whole" / "best" / "replay.jsonl").exists()
    run("off", replay="off")
    off = [e for e in curve("off") if e["event"] == "step"]
    assert not any(e["replayed"] or e["kept"] for e in off)
    assert off[0]["reward"] == steps[0]["reward"]
    assert off[-1] != steps[-1]


def test_broken_environments_are_left_out_and_counted(tmp_path):
    task = a_task(["broken", "a", "b", "c", "d", "e"])
    train(load_learner("tiny", rank=4), task, replace(SETTINGS, steps=1, problems=6), tmp_path)
    (step,) = [e for e in read(tmp_path / "log.jsonl") if e["event"] == "step"]
    assert 0 < step["env_errors"] < 48
    assert step["env_errors"] % 8 == 0


def test_what_stops_a_training_is_told_as_itself(tmp_path):
    @asynccontextmanager
    async def opened(codec):
        async def play(problem, ask):
            raise TracegraphError("the server is gone")

        yield play

    with pytest.raises(TracegraphError, match="the server is gone"):
        train(load_learner("tiny", rank=4), replace(a_task(), open=opened), SETTINGS, tmp_path)


async def test_turns_are_sampled_together_whoever_asks_first():
    learner = load_learner("tiny", rank=4)

    async def once(order):
        table = InProcess(learner).table(3, Draw(5, 1.0, seed=3))
        asked = {n: asyncio.create_task(table.seat(n)([65, n // 2])) for n in order}
        table.leave(2)
        return [(await asked[n]).token_ids for n in sorted(asked)]

    assert await once([0, 1]) == await once([1, 0])


def gradients(replay, replayed):
    learner = load_learner("tiny", rank=4)
    for p in learner.weights:
        torch.nn.init.normal_(p, std=0.05, generator=torch.Generator().manual_seed(p.numel()))
    # The one that succeeded was likely to the policy that sampled it, and is not to this one.
    good = Sample((70, 71, 72), (-0.1, 0.0, -0.1), (1, 0, 1), 1.0, replayed=replayed)
    bad = Sample((80, 81), (-5.5, -5.5), (1, 1), 0.0)
    optimizer = torch.optim.SGD(learner.weights, lr=0.0)
    told = update(learner.model, optimizer, [Group((1, 2), (good, bad))],
                  replace(SETTINGS, norm=1e9, replay=replay), rate=0.0)  # fmt: skip
    return torch.cat([p.grad.flatten() for p in learner.weights]), told


def test_replay_is_as_published_or_corrected_by_what_it_was_sampled_with():
    published, told = gradients("on", replayed=True)
    corrected, _ = gradients("corrected", replayed=True)
    as_fresh, apart = gradients("on", replayed=False)
    assert told["replayed"] == 1
    assert torch.allclose(corrected, as_fresh, atol=1e-6)
    # A weight of 1 in place of a small one: the success pulls as if today's policy had found it.
    assert (published - corrected).norm() > 0.3 * published.norm()
    assert told["mismatch_largest"] < 1 < apart["mismatch_largest"]


@pytest.mark.slow
async def test_an_episode_in_a_real_notebook_has_no_loss_on_what_was_observed():
    pytest.importorskip("ipykernel")
    codec = Bytes()
    task = notebook()
    problem = task.train[0]
    scripts = {
        "good": [f'print(open("{problem.id}.txt").read())', f"answer {problem.answer}"],
        "wrong": [f'print(open("{problem.id}.txt").read())', "answer 5"],
        "error": ["1/0", f"answer {problem.answer}"],
        "never": ["x = 1", "print(x)"],
    }

    def asking(script):
        left = iter(script)

        async def ask(prompt):
            ids = [*next(left).encode(), 256]
            return Turn(answer=codec.decode(ids), prompt_token_ids=list(prompt), token_ids=ids,
                        logprobs=[-0.5] * len(ids))  # fmt: skip

        return ask

    async with task.open(codec) as play:
        done = await asyncio.gather(*(play(problem, asking(s)) for s in scripts.values()))
    good, wrong, error, never = done
    assert [e.reward for e in done] == [1, 0, 1, 0]
    assert good.turns[0].observation == text_of_file(problem)
    assert "ZeroDivisionError" in error.turns[0].observation
    assert wrong.feedback == f"the number is {problem.answer}"
    assert never.feedback == "there is no final answer"
    found = one_sequence(good)
    seen = bytes(i for i, m in zip(found.ids, found.mask, strict=True) if not m).decode()
    assert seen == f"\n{text_of_file(problem)}\n"
    said = [i for i, m in zip(found.ids, found.mask, strict=True) if m]
    assert said == [i for turn in good.turns for i in turn.token_ids]


def test_files_do_not_always_tell_the_number_first():
    problems = [*notebook().train, *notebook().check, *notebook().held_out]
    assert len({p.id for p in problems}) == len({p.answer for p in problems}) == 52
    first = sum(text_of_file(p).startswith(p.id) for p in problems)
    assert 15 < first < 37
    assert all(f"{p.id} {p.answer}" in text_of_file(p) for p in problems)


class FakeVllm(ThreadingHTTPServer):
    """Loads adapters and answers with their number; forgets them once, as after a restart."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answers)
        self.adapters, self.log, self.forgets = set(), [], False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server, status, told = self.server, 200, {}
        if "lora_name" in body:
            loading = self.path == "/v1/load_lora_adapter"
            (server.adapters.add if loading else server.adapters.discard)(body["lora_name"])
            server.log.append((self.path.split("/")[-1], body["lora_name"]))
        else:
            if server.forgets:
                server.adapters.clear()
                server.forgets = False
            known = body["model"] == "base" or body["model"] in server.adapters
            status = 200 if known else 404
            server.log.append(("ask", body["model"], tuple(body["prompt"])))
            told = {"choices": [{"token_ids": [50, 256],
                                 "logprobs": {"token_logprobs": [-0.25, -0.5]}}]}  # fmt: skip
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def fake_vllm(monkeypatch, tmp_path):
    from tracegraph.models.vllm.replica import Replica, write

    monkeypatch.setenv("TRACEGRAPH_STATE", str(tmp_path / "state"))
    server = FakeVllm()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    write(Replica("base", "base", server.url, "token", 8))
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_each_version_is_served_under_its_own_name_and_again_after_a_restart(fake_vllm, tmp_path):
    from tracegraph.policy.trainer import served

    async def run():
        sampler = served.Served(load_learner("tiny", rank=4), "base", tmp_path / "served")
        ask = sampler.table(1, Draw(4, 1.0)).seat(0)
        assert (await ask([1, 2])).logprobs == [-0.25, -0.5]
        await sampler.follow(1)
        turn = await ask([1, 2])
        fake_vllm.forgets = True
        again = await ask([1, 2])
        await sampler.follow(2)
        await ask([3])
        await sampler.close()
        return turn, again

    turn, again = asyncio.run(run())
    assert turn == again
    assert (turn.prompt_token_ids, turn.token_ids, turn.answer) == ([1, 2], [50, 256], "2")
    asked = [entry[1] for entry in fake_vllm.log if entry[0] == "ask"]
    assert asked[0] == "base"
    assert asked[1] == asked[2] != asked[3]
    assert [name.split("-")[2] for name in asked[1:]] == ["1", "1", "1", "2"]
    assert not fake_vllm.adapters
    assert not list((tmp_path / "served").iterdir())

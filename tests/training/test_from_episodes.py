"""Prompts from stored episodes: what the optimizer is shown, what is kept, what is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.training.fake_optimizer import FakeOptimizer
from tracegraph import runs
from tracegraph.cli.main import app
from tracegraph.optimizers import Problem
from tracegraph.optimizers.text import problem_text
from tracegraph.optimizers.uses import uses
from tracegraph.runs import StoredEpisode, version_of
from tracegraph.training.errors import TrainingError
from tracegraph.training.from_episodes import propose
from tracegraph.training.workflow import load_workflow

FLOW = """
import tracegraph as tg

rules = tg.node("Answer in one word.", trainable=True, name="bot_rules", description="How.")
limit = tg.Parameter(0.5, name="limit", low=0, high=1)


def work(task):
    "Answer questions shortly."
    raise AssertionError("a proposal from episodes plays nothing")
"""
VALUE = "Answer in one word."


def turn(said: str, answer: str) -> dict[str, Any]:
    system = {"role": "system", "content": VALUE}
    return {
        "messages": [system, {"role": "user", "content": [{"type": "text", "text": said}]}],
        "answer": answer,
        "observation": {"blob": "8ce3d7", "told": f"after {answer}"},
    }


def episode(key: str, reward: float | None, turns: int = 1, **more: Any) -> StoredEpisode:
    payload = {
        "turns": [turn(f"question {key} {n}", f"answer {n}") for n in range(1, turns + 1)],
        "policy": {"model": "m", "rules": version_of(VALUE)},
        "feedback": "" if reward == 1 else f"{key} was too long",
        "answer": "the end",
    }
    outcome = more.pop("outcome", "success" if reward == 1 else "failure")
    return StoredEpisode(
        "r", key, "bot", "talk", outcome, task=f"t{key}", reward=reward, payload=payload | more
    )


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    path = tmp_path / "flow.py"
    path.write_text(FLOW)
    return path


async def test_the_worst_episodes_become_problems_about_the_prompts(flow: Path) -> None:
    optimizer = FakeOptimizer({"bot_rules": "Answer in a letter."}, {"bot_rules": VALUE})
    stored = [
        episode("good", 1.0),
        episode("bad", 0.25),
        episode("broken", None, outcome="env_error"),
        episode("other", 0.5, policy={"model": "m", "rules": version_of("Another text.")}),
    ]
    found = await propose(load_workflow(str(flow)), stored, optimizer, shown=2)
    assert [dict(p.values) for p in found.proposals] == [{"bot_rules": "Answer in a letter."}]
    assert (found.used, found.faults, dict(found.other)) == (3, 1, {"bot_rules": 1})
    assert found.score == pytest.approx(1.75 / 3)
    (step,) = optimizer.steps
    assert list(step.parameters) == ["bot_rules"]  # of a number, episodes show nothing
    assert [p.example for p in step.problems] == ["bad", "other"]
    assert [p.example for p in step.records] == ["good"]
    assert step.history[0].score == found.score
    worst = step.problems[0]
    assert (worst.score, worst.feedback) == (0.25, "bad was too long")
    (use,) = uses(worst, "bot_rules")
    assert use.arguments == {"read": "question bad 1"}  # the system message is the prompt
    assert use.result == "answer 1\nobserved: {'told': 'after answer 1'}"
    assert worst.outputs == {"ended": "failure: the end"}
    assert Problem.from_json(json.loads(json.dumps(worst.to_json()))) == worst
    shown = problem_text(step.problems).text
    for expected in ("bad was too long", "question bad 1", "bot_rules", "failure: the end"):
        assert expected in shown


async def test_a_long_episode_shows_its_beginning_and_its_end(flow: Path) -> None:
    optimizer = FakeOptimizer()
    long = episode("long", 0.0, turns=30)
    long.payload["turns"][29]["answer"] = "x" * 50_000
    await propose(load_workflow(str(flow)), [long, episode("empty", None, turns=0)], optimizer)
    first, second = sorted(optimizer.steps[0].problems, key=lambda p: -len(p.lines))
    assert [line.split(" = ")[0] for line in first.lines] == [
        "turn1", "turn2", "turn25", "turn26", "turn27", "turn28", "turn29", "turn30", "ended",
    ]  # fmt: skip
    assert first.left_out == 22
    assert len(first.others["turn30"]) < 2_500
    assert second.lines == ("ended = finish()",)
    assert second.score == 0.0


async def test_what_cannot_be_learned_from_is_said(flow: Path, tmp_path: Path) -> None:
    workflow = load_workflow(str(flow))
    with pytest.raises(TrainingError, match="none of the 1 episodes"):
        await propose(workflow, [episode("a", None, outcome="eval_error")], FakeOptimizer())
    numbers = tmp_path / "numbers.py"
    numbers.write_text(FLOW.replace("rules = tg.node", "tg.node"))
    with pytest.raises(TrainingError, match="no text parameter"):
        await propose(load_workflow(str(numbers)), [episode("a", 0.0)], FakeOptimizer())
    engine: Any = type("Engine", (), {"name": "gepa"})()
    with pytest.raises(TrainingError, match="gepa measures its proposals itself"):
        await propose(workflow, [episode("a", 0.0)], engine)


def test_the_command_prints_keeps_and_claims_nothing(
    flow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs.db"
    with runs.Store(path) as store:
        run = runs.Run("eval talk")
        runs.start_run(store, run).result()
        for n in range(4):
            row = episode(str(n), 0.0, feedback="Say the unit, such as metres.")
            row.run = run.id
            runs.add_episode(store, row).result()
    new = "Answer in one word.\nSay the \x1b[31munit."
    optimizer = FakeOptimizer({"bot_rules": new})
    monkeypatch.setattr("tracegraph.optimizers.make", lambda *_, **__: optimizer, raising=False)
    words = ["optimize", str(flow), "--from-episodes", "last", "--store", str(path)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.exception or result.output
    for expected in ("4 episodes of run", "mean reward 0.000", "+Say the", "as told",
                     "Nothing of this is proven", "optimize", "--data FILE"):  # fmt: skip
        assert expected in result.stdout
    assert "\x1b[31m" not in result.stdout
    # The run of the first proposal is newer, and has no episodes.
    told = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert (told["episodes"], told["proven"]) == (run.id, False)
    assert told["proposals"][0]["values"] == {"bot_rules": new}
    with runs.Store(path) as store:
        (kept,) = runs.list_proposals(store, told["run"])
        assert kept.payload["proposals"] == told["proposals"]
        ended = runs.get_run(store, told["run"])
        assert ended is not None
        assert ended.status == "finished"
    for wrong in (["--data", "x.jsonl"], ["--resume", "last"]):
        assert "--from-episodes needs" in str(CliRunner().invoke(app, [*words, *wrong]).exception)

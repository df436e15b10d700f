"""The commands, from tasks in a file to exports, with a target of the user."""

import json
import sys

import pytest
from typer.testing import CliRunner

from tracegraph.cli.main import app
from tracegraph.rollout import read_segments
from tracegraph.rollout.formats import read_parquet

TARGET = """
from tracegraph.agents import Episode, Turn
from tracegraph.envs import EnvError, Score

async def solve(work):
    if work.task["id"] == "broken":
        raise EnvError("no display")
    turn = Turn([{"role": "user", "content": work.task["q"]}], "4",
                prompt_token_ids=[1, 2], token_ids=[3, 4 + work.seed], logprobs=[-0.5, -1.0])
    episode = Episode("solver", "none", work.task["id"], turns=[turn], policy={"model": "fake"})
    episode.judge(Score(float(work.sample == 1), feedback="look again"))
    return episode
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "my_target.py").write_text(TARGET)
    tasks = [{"id": name, "q": f"what is {name}?"} for name in ("a", "b", "broken")]
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(t) + "\n" for t in tasks))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("my_target", None)


def tracegraph(*arguments):
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_from_tasks_to_files(folder):
    said = tracegraph(
        "rollout", "my_target:solve", "--tasks", "tasks.jsonl", "--samples", "2",
        "--policy", "v1", "--segments", "segments",
    )  # fmt: skip
    assert "6 of 6 episodes, mean reward 0.500" in said
    listed = json.loads(tracegraph("episodes", "list", "--json"))
    outcomes = sorted((e["key"].split("!")[0], e["outcome"]) for e in listed)
    assert outcomes[:4] == [
        ("a#0@v1", "failure"), ("a#1@v1", "success"), ("b#0@v1", "failure"), ("b#1@v1", "success"),
    ]  # fmt: skip
    assert [o for _, o in outcomes[4:]] == ["env_error"] * 2
    assert "look again" in tracegraph("episodes", "show", "a#0")
    assert "3 of 4" not in tracegraph("episodes", "list", "--outcome", "success")

    tracegraph("episodes", "export", "sft.jsonl", "--format", "openai", "--outcome", "success")
    lines = [json.loads(line) for line in (folder / "sft.jsonl").read_text().splitlines()]
    assert [line["messages"][-1]["content"] for line in lines] == ["4", "4"]
    tracegraph("episodes", "export", "trl.jsonl", "--format", "trl")
    lines = [json.loads(line) for line in (folder / "trl.jsonl").read_text().splitlines()]
    assert sorted(line["completion_ids"][1] for line in lines) == [4, 4, 5, 5]
    tracegraph("episodes", "export", "all.parquet", "--format", "parquet", "--segments", "segments")
    compacted = {row.key for row in read_parquet(folder / "all.parquet")}
    assert compacted == {row.key for row in read_segments(folder / "segments")}
    assert len(compacted) == 6


def test_a_resumed_rollout_runs_what_is_missing_and_nothing_twice(folder):
    command = ["rollout", "my_target:solve", "--tasks", "tasks.jsonl", "--samples", "2"]
    tracegraph(*command)
    (folder / "my_target.py").write_text(TARGET.replace('== "broken"', '== ""'))
    sys.modules.pop("my_target", None)
    from tracegraph.rollout import targets

    targets._found.cache_clear()
    said = tracegraph(*command, "--resume", "last")
    assert said.count("(stored)") == 4
    listed = json.loads(tracegraph("episodes", "list", "--json", "--outcome", "success"))
    assert sorted(e["key"] for e in listed) == ["a#1", "b#1", "broken#1"]


def test_a_misspelt_target_says_so(folder):
    from tracegraph.errors import TracegraphError

    with pytest.raises(TracegraphError, match="module:name"):
        tracegraph("rollout", "chatt", "--tasks", "tasks.jsonl")
    with pytest.raises(TracegraphError, match="cannot be imported"):
        tracegraph("rollout", "my_target:missing", "--tasks", "tasks.jsonl")

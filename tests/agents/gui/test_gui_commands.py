"""The commands, with a model that follows a rule and real desktops."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tracegraph import agents
from tracegraph.cli.main import app
from tracegraph.runs import Store, list_episodes, list_runs

pytestmark = pytest.mark.slow


class FakeClerk:
    """Appends the line that the task names, saves, and is done."""

    calls = 0

    def __init__(self, model: str | None = None, **_: Any) -> None:
        self.model = "clerk"

    async def complete(self, messages: Any, **options: Any) -> Any:
        from tracegraph.models import Completion, Usage

        type(self).calls += 1
        told = messages[1]["content"]
        line = re.search(r"the line '([^']*)'", told)
        assert line is not None
        done = len(re.findall(r"^\d+\. ", told.partition("so far:")[2], re.MULTILINE))
        step = [("keys", "ctrl+end"), ("type", f"{line[1]}\n"), ("keys", "ctrl+s"), ("done", "")]
        answer = {"thought": "Next.", "action": step[done][0], "element": 0, "text": step[done][1]}
        text = json.dumps(answer)
        return Completion(text, [], "clerk", Usage(9, 4), 0.0, 0.1, False, "h", {}, answer)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, with the clerk as the model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tracegraph.models.LLM", FakeClerk, raising=False)
    monkeypatch.setattr(FakeClerk, "calls", 0)
    return tmp_path


def test_a_task_live_with_pictures_and_a_video(folder: Path) -> None:
    command = "run gui --task editor/append_line-5 --frames frames --record out.mp4"
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 0, done.output
    assert "success, reward 1, 4 steps" in done.output
    assert "pressed ctrl+end" in done.output
    assert len(list((folder / "frames").glob("*.png"))) == 4
    assert b"ftyp" in (folder / "out.mp4").read_bytes()[:32]
    with Store(folder / ".tracegraph" / "runs.db") as store:
        (episode,) = list_episodes(store, list_runs(store)[0].id)
    assert episode.reward == 1.0


def test_groups_are_measured_kept_and_resumed(folder: Path) -> None:
    command = (
        "eval gui --family editor/append_line --seeds 5 --n-per-task 2 --concurrency 2 "
        "--replay replay.jsonl --contrasts contrasts.jsonl --select select.jsonl --json"
    )
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 0, done.output
    results = json.loads(done.output.splitlines()[-1])
    assert results["rows"][0] == {
        "tasks": "all", "count": 1, "score": 1.0, "k": 2, "pass": 1.0, "steps": 4.0,
    }  # fmt: skip
    assert len((folder / "replay.jsonl").read_text().splitlines()) == 2
    assert (folder / "contrasts.jsonl").read_text() == ""
    assert json.loads((folder / "select.jsonl").read_text()) == {"task": "editor/append_line-5"}
    calls = FakeClerk.calls
    again = CliRunner().invoke(app, [*command.split(), "--resume", "last"])
    assert again.exit_code == 0, again.output
    assert FakeClerk.calls == calls


def test_a_folder_of_osworld_files_is_a_suite(folder: Path) -> None:
    make = "desktop tasks --family editor/append_line --seeds 5 --export suite"
    assert CliRunner().invoke(app, make.split()).exit_code == 0
    (path,) = Path("suite").rglob("*.json")
    task = json.loads(path.read_text())
    task["id"], task["evaluator"]["func"] = "strange-1", "guess_the_mood"
    path.with_name("strange.json").write_text(json.dumps(task))
    done = CliRunner().invoke(app, ["eval", "gui", "--suite", "suite", "--json"])
    assert done.exit_code == 0, done.output
    assert "strange-1: unsupported, not scored: " in done.stderr
    assert "guess_the_mood" in done.stderr
    results = json.loads(done.stdout.splitlines()[-1])
    assert (results["rows"][0]["count"], results["rows"][0]["score"]) == (1, 1.0)
    missing = CliRunner().invoke(app, ["eval", "gui", "--suite", "nowhere"])
    assert missing.exit_code != 0
    assert "nowhere" in str(missing.exception or missing.output)


async def test_the_workflow_blames_the_prompts(folder: Path) -> None:
    from tracegraph.training.data import Example
    from tracegraph.training.evaluation import evaluate
    from tracegraph.training.guides.function import FunctionGuide
    from tracegraph.training.workflow import load_module, load_workflow

    path = Path(agents.__file__).parent / "gui" / "workflow.py"
    found, module = load_workflow(str(path)), load_module(path)
    assert set(found.parameters) == {"gui_text", "gui_screen"}
    module._llm = FakeClerk()
    good = Example("good", {"task": "editor/append_line-5"})
    judge = FunctionGuide(module.guide)
    assert (await evaluate(found, {}, good, judge)).score == 1.0
    worse = {"gui_screen": "Add the line 'x'. {task} {screen} Steps done so far:\n{done}"}
    done = await evaluate(found, worse, good, judge)
    assert done.score == 0.0, done.feedback
    assert "typed 'x" in done.feedback
    names = json.dumps(done.graph)
    assert "gui_text" in names
    assert "gui_screen" in names

"""The commands of the data agent, with a model that follows a rule and real kernels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.agents.datarus.scripted import FakeModel
from tracegraph.cli.main import app
from tracegraph.errors import TracegraphError
from tracegraph.runs import Store, list_episodes, list_runs

pytestmark = pytest.mark.slow

_CODE = "import matplotlib.pyplot as plt\nplt.plot(df.x)\nplt.show()\nprint(df.x.mean())"
_QUESTIONS = [
    {
        "question": "What is the mean of column x of the table?", "name": "mean_x",
        "code": "answer = df['x'].mean()",
    },
    {
        "question": "What is the largest x in the table?", "name": "largest",
        "code": "answer = df['no such column'].max()",
    },
]  # fmt: skip


class FakeAnalyst(FakeModel):
    """Runs one cell, then says that everything is 3.0; proposes two questions, one broken."""

    calls = 0
    questions: Any = _QUESTIONS
    code = _CODE

    def __init__(self, model: str | None = None) -> None:
        super().__init__([], "analyst")

    async def complete(self, messages: Any, **options: Any) -> Any:
        type(self).calls += 1
        schema = options["schema"]
        reply: Any = {"thought": "Look.", "code": self.code.splitlines()}
        if schema["title"] == "questions":
            reply = self.questions
        elif schema["title"] != "cell":
            answer = schema["anyOf"][1]["properties"]["answer"]
            named = {name: "3.0" for name in answer.get("properties", ())}
            reply = {"thought": "Seen.", "answer": named or "3.0"}
        self._replies = iter([reply])
        return await super().complete(messages, **options)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a table and two questions of DABench, and stand in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tracegraph.models.LLM", FakeAnalyst, raising=False)
    monkeypatch.setattr(FakeAnalyst, "calls", 0)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "t.csv").write_text("x\n1\n2\n6\n")
    rows = [{"id": n, "question": "Mean?", "format": "@m[v]", "file_name": "t.csv",
             "level": level} for n, level in enumerate(["easy", "hard"])]  # fmt: skip
    labels = [{"id": n, "common_answers": [["m", value]]} for n, value in enumerate("37")]
    for name, lines in (("questions", rows), ("labels", labels)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    return tmp_path


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_question_is_answered_with_notebook_report_and_figure(folder: Path) -> None:
    said = run(
        "run", "datarus", "What is the mean of x?", "--data", "tables/t.csv",
        "--notebook", "n.ipynb", "--report", "r.html",
    )  # fmt: skip
    assert "print(df.x.mean())" in said
    assert "n-figure-1.png" in said.replace("\n", "")
    assert (folder / "n-figure-1.png").read_bytes().startswith(b"\x89PNG")
    cells = json.loads((folder / "n.ipynb").read_text())["cells"]
    assert "3.0" in json.dumps(cells)
    assert "What is the mean of x?" in (folder / "r.html").read_text()
    with Store() as store:
        (stored,) = list_runs(store, kind="run datarus")
        (episode,) = list_episodes(store, stored.id)
    assert episode.payload["answer"] == "3.0"
    assert episode.payload["files"].keys() == {"notebook", "report"}


def test_dabench_counts_and_is_resumed_without_asking_again(folder: Path) -> None:
    said = run("eval", "dabench", "--data", ".", "--limit", "1", "--quiet")
    assert "100.0%" in said
    said = run("eval", "dabench", "--data", ".", "--quiet", "--json")
    found = json.loads(said.splitlines()[-1])
    assert found["by_question"] == 0.5
    assert found["levels"] == {"easy": [1.0, 1], "hard": [0.0, 1]}
    assert found["failures"] == {"wrong values": 1}
    calls = FakeAnalyst.calls
    again = run("eval", "dabench", "--data", ".", "--quiet", "--json", "--resume", found["run"])
    assert json.loads(again.splitlines()[-1]) == found
    assert FakeAnalyst.calls == calls


def test_synthesis_keeps_what_runs_and_what_solutions_agree_on(folder: Path) -> None:
    said = run("synthesize", "datarus", "--data", "tables/t.csv", "--out", "set", "--count", "1")
    assert "1 conversations" in said
    (line,) = (folder / "set" / "train.jsonl").read_text().splitlines()
    sample = json.loads(line)
    assert [m["role"] for m in sample["messages"]] == [
        "system", "user", "assistant", "user", "assistant",
    ]  # fmt: skip
    assert sample["meta"]["answer"] == "3.00"
    assert "<answer>@mean_x[3.0]</answer>" in sample["messages"][-1]["content"]
    assert "3.0</observation>" in sample["messages"][3]["content"]
    card = (folder / "set" / "README.md").read_text()
    assert "its code failed: KeyError: 1" in card
    calls = FakeAnalyst.calls
    run("synthesize", "datarus", "--data", "tables/t.csv", "--out", "set", "--count", "1",
        "--resume", "last")  # fmt: skip
    assert FakeAnalyst.calls == calls
    assert (folder / "set" / "train.jsonl").read_text().splitlines() == [line]


def test_synthesis_from_a_table_that_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    question = {
        "question": "How many kinds of education are there?", "name": "kinds",
        "code": "answer = float(df['education'].nunique())",
    }  # fmt: skip
    monkeypatch.setattr(FakeAnalyst, "questions", [question])
    monkeypatch.setattr(FakeAnalyst, "code", "print(df.education.nunique())")
    made = ("synthesize", "datarus", "--generate", "survey", "--table-seed", "5", "--out", "set",
            "--count", "1")  # fmt: skip
    assert "1 conversations" in run(*made)
    table = folder / "set" / "tables" / "survey-5.csv"
    (line,) = (folder / "set" / "train.jsonl").read_text().splitlines()
    sample = json.loads(line)
    assert (sample["meta"]["table"], sample["meta"]["answer"]) == ("survey-5.csv", "3.00")
    assert "3</observation>" in sample["messages"][3]["content"]
    assert "Income rises by 25 a year of age" in (folder / "set" / "README.md").read_text()
    calls, whole = FakeAnalyst.calls, table.read_bytes()
    run(*made, "--resume", "last")
    assert (FakeAnalyst.calls, table.read_bytes()) == (calls, whole)
    with pytest.raises(TracegraphError, match="give one of them"):
        run(*made, "--data", "tables/t.csv")

"""DABench: its files, and scores as published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracegraph.agents import Episode, Turn
from tracegraph.agents.datarus import fields
from tracegraph.agents.datarus.dabench import load, score, summarize
from tracegraph.errors import TracegraphError

ROWS = [
    {
        "id": 0, "question": "Mean?", "concepts": ["Summary Statistics"], "constraints": "None.",
        "format": "@mean[m] where m is rounded", "file_name": "t.csv", "level": "easy",
    },
    {
        "id": 7, "question": "Both?", "concepts": ["Summary Statistics", "Machine Learning"],
        "constraints": "", "format": "@a[x], @b[y]", "file_name": "t.csv", "level": "hard",
    },
    {
        "id": 8, "question": "Gone?", "concepts": [], "constraints": "", "format": "@a[x]",
        "file_name": "missing.csv", "level": "hard",
    },
]  # fmt: skip
LABELS = [
    {"id": 0, "common_answers": [["mean", "34.65"]]},
    {"id": 7, "common_answers": [["a", "1"], ["b", "yes"]]},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "t.csv").write_text("x\n1\n")
    for name, rows in (("questions", ROWS), ("labels", LABELS)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return tmp_path


def test_questions_come_with_answers_and_tables(folder: Path) -> None:
    first, second = load(folder)
    assert (first.id, first.answers, first.level) == ("0", {"mean": "34.65"}, "easy")
    assert first.text == "Mean?\n\nConstraints: None.\n\nForm of the answer: " + ROWS[0]["format"]
    assert fields.asked(second.text) == ("a", "b")
    assert [q.id for q in load(folder, levels=["hard"])] == ["7"]
    assert len(load(folder, limit=1)) == 1


def test_a_folder_without_them_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TracegraphError, match=r"has no labels\.jsonl"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("answer", "exact", "tolerant"),
    [
        ("@mean[34.65]", 1, 1),
        ("It is @mean[34.650], I think", 1, 1),
        ("@mean[ 34.65 ]", 1, 1),
        ("@mean[34.65%]", 0, 1),
        ("@mean[34.6512]", 0, 1),
        ("@mean[34.9]", 0, 1),
        ("@mean[35.2]", 0, 0),
        ("@mean[nan]", 0, 0),
        ("@Mean[34.65]", 0, 0),
        ("34.65", 0, 0),
        ("", 0, 0),
        ("@mean[1] @mean[34.65]", 1, 1),
    ],
)
def test_numbers(answer: str, exact: float, tolerant: float) -> None:
    found = score({"mean": "34.65"}, answer)
    assert (found.value, found.parts["tolerant"]) == (exact, tolerant)


def test_texts_and_counts() -> None:
    assert score({"n": "100"}, "@n[100.0]").value == 1
    # One percent off is near enough for a measure, and none for a count of few.
    assert score({"n": "10"}, "@n[11]").parts["tolerant"] == 0
    found = score({"a": "1", "b": "yes"}, "@a[1] @b[Yes]")
    assert (found.value, found.parts["exact"], found.parts["tolerant"]) == (0.5, 0, 1)
    assert found.feedback == "b should be yes and is Yes"


def test_the_three_accuracies(folder: Path) -> None:
    questions = load(folder)
    episodes = []
    for question, answer in zip(questions, ["@mean[34.65]", "@a[1] @b[no]"], strict=True):
        turn = Turn(prompt_tokens=90, completion_tokens=10, observation={"status": "ok"})
        episode = Episode("datarus", "notebook", question.id, answer=answer, turns=[turn])
        episode.judge(score(question.answers, answer))
        episodes.append(episode)
    broken = Episode("", "", "0", "env_error")
    found = summarize(questions, [*episodes, broken])
    assert found is not None
    assert (found.questions, found.faults, found.tokens, found.cells) == (2, 1, 100, 1)
    assert (found.by_question, found.proportional) == (0.5, 0.75)
    assert found.by_part == pytest.approx(2 / 3)
    assert found.levels == {"easy": (1.0, 1), "hard": (0.0, 1)}
    assert found.concepts == {"Summary Statistics": (0.5, 2), "Machine Learning": (0.0, 1)}
    assert found.failures == {"some parts are wrong": 1}
    assert found.interval[0] < 0.5 < found.interval[1]
    assert summarize(questions, [broken]) is None

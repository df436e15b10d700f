"""The data agent works in a real notebook, and its questions and guide fit the command."""

import json

import pytest

pytest.importorskip("ipykernel")

from tracegraph.training import load_workflow
from tracegraph.training.data import load_examples


@pytest.mark.slow
def test_a_question_is_answered_in_a_notebook(recipe, capsys):
    recipe("06_datarus").main([])
    text = capsys.readouterr().out
    assert "north    270" in text, "the cell ran"
    assert text.endswith("answer: @region[north]\n@amount[270]\nresult: success, reward 1.0\n")


@pytest.mark.slow
async def test_questions_become_examples_of_the_workflow(recipe, capsys, tmp_path):
    folder = tmp_path / "dabench"
    (folder / "tables").mkdir(parents=True)
    module = recipe("06_datarus")
    (folder / "tables" / "sales.csv").write_text(module.SALES)
    asked = {"id": 1, "question": module.QUESTION, "file_name": "sales.csv", "level": "easy"}
    (folder / "questions.jsonl").write_text(json.dumps({**asked, "constraints": "", "format": ""}))
    answers = [[name, value] for name, value in module.RIGHT.items()]
    (folder / "labels.jsonl").write_text(json.dumps({"id": 1, "common_answers": answers}))
    module.main(["--questions", str(folder)])
    rows = tmp_path / "questions.jsonl"
    rows.write_text(capsys.readouterr().out)
    (example,) = load_examples(rows)
    workflow = load_workflow(f"{module.__file__}:answer")
    assert len(workflow.parameters) > 3
    names = workflow.call.__globals__
    names["LLM"] = lambda: module.scripted(module.SCRIPT)
    output = await workflow.call(**example.inputs)
    assert names["guide"](output, example.expected)[0] == 1.0
    assert names["guide"]("@region[south]", example.expected)[0] < 1.0

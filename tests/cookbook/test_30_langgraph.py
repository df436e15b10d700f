"""A graph that nobody rewrote is improved end to end, from Python and from the command line."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("langgraph")
COOKBOOK = Path(__file__).parents[2] / "cookbook"


async def test_it_is_improved_and_proven(recipe, capsys, tmp_path):
    module = recipe("30_langgraph")
    assert module.workflow("I was charged twice for the lamp.") == "a person"
    await module.main(["--store", str(tmp_path / "runs.db")])
    text = capsys.readouterr().out
    assert "nothing else" in text.partition("CLASSIFIER:")[2]
    assert module.workflow("I was charged twice for the lamp.") == "a person", "not applied"
    module.graph.parameters()[0].update(text.partition("CLASSIFIER:\n")[2].strip())
    assert module.workflow("I was charged twice for the lamp.") == "billing"


@pytest.mark.slow
def test_the_commands_improve_and_apply(tmp_path):
    shutil.copy(COOKBOOK / "30_langgraph.py", tmp_path)
    commands = [
        [
            "optimize", "30_langgraph.py:workflow", "--data", COOKBOOK / "data" / "tickets.jsonl",
            "--expected", "team", "--optimizer", "playbook", "--steps", "3",
        ],
        ["apply", "last"],
    ]  # fmt: skip
    program = Path(sys.executable).with_name("tracegraph")
    for command in commands:
        done = subprocess.run(
            [program, *command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    use = "from importlib import import_module as load\n"
    use += "print(load('30_langgraph').workflow('I was charged twice for the lamp.'))"
    done = subprocess.run(
        [sys.executable, "-c", use], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "billing\n"

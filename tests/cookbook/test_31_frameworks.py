"""The recipes for agent frameworks and clients run and show what they say."""

import subprocess
import sys
from pathlib import Path

import pytest

COOKBOOK = Path(__file__).parents[2] / "cookbook"


def run(name, folder):
    done = subprocess.run(
        [sys.executable, COOKBOOK / name], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_openai_agents(tmp_path):
    pytest.importorskip("openai")
    text = run("31_openai_agents.py", tmp_path)
    assert "answer: Yes, three pumps are left." in text
    assert "desk1      from" in text
    assert text.splitlines()[-2:] == ["  desk_instructions: 1", "  clerk_instructions: 1"]


def test_pydantic_ai(tmp_path):
    pytest.importorskip("pydantic_ai")
    lines = run("32_pydantic_ai.py", tmp_path).splitlines()
    assert lines[0] == "'Tell the weather.': I looked it up. It rains in Oslo."
    assert lines[1] == "'Tell the weather in one word.': Rain."
    assert lines[3] == "calls: guide0, weather0, guide1"
    assert lines[4] == "instructions of the agent: 'Tell the weather.'"


def test_langgraph_tasks(tmp_path):
    pytest.importorskip("langgraph")
    text = run("34_langgraph_tasks.py", tmp_path)
    assert "  hour0, of Oslo: It is noon in Oslo.\n  weather0, of Oslo: It rains in Oslo." in text
    assert text.endswith("  Oslo is fine as it is.\n  Rome is fine as it is.\n")


def test_clients(tmp_path):
    assert run("33_clients.py", tmp_path).splitlines() == [
        "The largest city is Bern.",
        "could have caused it: prompt",
        "The largest city is Zürich.",
    ]

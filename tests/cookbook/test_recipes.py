"""The recipes of agents, optimizers, migrations, servers and clusters run as they say."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COOKBOOK = Path(__file__).parents[2] / "cookbook"


def output(name, folder, *options):
    """Run a recipe in a process of its own, as a reader would, and return what it printed."""
    done = subprocess.run(
        [sys.executable, COOKBOOK / f"{name}.py", *options],
        cwd=folder, capture_output=True, text=True, check=False, timeout=240,
        env={**os.environ, "TRACEGRAPH_STORE": str(folder / "runs.db")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_the_gui_agent_solves_a_task_at_a_real_desktop(tmp_path):
    pytest.importorskip("Xlib")
    text = output("07_gui", tmp_path)
    assert "brain:  scripted" in text
    assert "result: success, reward 1.0" in text


def test_a_problem_is_repaired_solved_and_proved(tmp_path):
    pytest.importorskip("pyscipopt")
    lines = output("08_resocratic", tmp_path).splitlines()
    assert "program 1:   unbounded" in lines
    assert "program 2:   optimal" in lines
    assert "objective:   62" in lines
    assert lines[-1].startswith("certificate: milp_agreement")


@pytest.mark.slow
def test_a_head_is_trained_and_compared(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("av")
    text = output("09_tspo", tmp_path, "--steps", "2")
    assert text.count("  tspo ") == text.count("  uniform ") >= 2
    assert "held out: events" in text


def test_what_is_meant_is_found_in_a_video(tmp_path):
    pytest.importorskip("av")
    text = output("10_omni_r1", tmp_path)
    assert "global system: scripted" in text
    assert float(text.rpartition("reward ")[2]) > 0.9


def test_every_optimizer_proposes_something(tmp_path):
    from tracegraph.optimizers import names

    lines = output("11_optimizers", tmp_path).splitlines()[1:]
    assert [line.split()[0] for line in lines] == names()
    assert not [line for line in lines if line.endswith("nothing")]
    for name in ("fewshot", "playbook", "numeric"):
        assert any(line.split()[:2] == [name, "0"] for line in lines)


@pytest.mark.slow
def test_a_policy_learns_from_rewards(tmp_path):
    pytest.importorskip("peft")
    lines = output("12_policy", tmp_path).splitlines()
    assert lines[1] == "grpo advantages [0.87, -0.87, -0.87, 0.87]"
    rewards = [float(each) for each in lines[-2].partition(": ")[2].split()]
    assert len(rewards) == 12
    assert max(rewards[-3:]) > rewards[0]


def test_migrations(tmp_path):
    assert "step 1: x = 7, square = 49" in output("13_from_trace", tmp_path)
    lines = output("14_from_dspy", tmp_path).splitlines()
    assert lines[0] == "zero-shot: 2 of 3 right"
    assert lines[-1] == "with examples: 3 of 3 right"
    assert "after:  Say in one sentence what to do: {question}" in output(
        "15_from_textgrad", tmp_path
    )


def test_the_command_for_vllm(tmp_path):
    text = output("16_vllm", tmp_path)
    assert "vllm.entrypoints.openai.api_server --model Qwen/Qwen2.5-7B-Instruct" in text
    assert "scripted: 16 answers, 8 of them yes" in text


class FakeVLLM(BaseHTTPRequestHandler):
    """Says whether the first number of a question is even, and how many it was asked at once."""

    most = now = 0
    lock = threading.Lock()
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.lock:
            FakeVLLM.now += 1
            FakeVLLM.most = max(FakeVLLM.most, FakeVLLM.now)
        time.sleep(0.2)
        number = int(re.search(r"\d+", body["messages"][-1]["content"])[0])
        message = {"role": "assistant", "content": " no" if number % 2 else " yes"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 12, "completion_tokens": 1}
        data = json.dumps({"choices": [choice], "usage": usage}).encode()
        with self.lock:
            FakeVLLM.now -= 1
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def test_many_calls_at_once_go_to_a_server_of_vllm(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACEGRAPH_STATE", str(tmp_path / "state"))
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeVLLM) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            program = Path(sys.executable).with_name("tracegraph")
            url = f"http://127.0.0.1:{server.server_port}"
            subprocess.run([program, "serve", "add", "parity", url], check=True, cwd=tmp_path)
            text = output("16_vllm", tmp_path, "--model", "vllm:parity")
        finally:
            server.shutdown()
            thread.join()
    assert "vllm:parity: 16 answers, 8 of them yes" in text
    assert FakeVLLM.most > 4


@pytest.mark.slow
def test_episodes_on_two_workers(tmp_path):
    pytest.importorskip("ray")
    text = output("17_ray", tmp_path)
    assert "12 episodes, each counted once" in text
    assert "mean reward 0.50" in text


def test_the_table_lists_every_recipe_with_what_it_needs():
    table = (COOKBOOK / "README.md").read_text(encoding="utf-8")
    pyproject = tomllib.loads((COOKBOOK.parent / "pyproject.toml").read_text(encoding="utf-8"))
    extras = pyproject["project"]["optional-dependencies"]
    recipes = sorted(COOKBOOK.glob("[0-9][0-9]_*"))
    assert table.count("\n| [") == len(recipes)
    for recipe in recipes:
        (row,) = (line for line in table.splitlines() if f"({recipe.name})" in line)
        wanted = row.split("|")[4].strip()
        named = re.findall(r"tracegraph\[([\w,-]+)\]", recipe.read_text(encoding="utf-8"))
        assert (named[0] if named else "") == wanted, recipe.name
        assert set(wanted.split(",")) - {""} <= set(extras), recipe.name


def test_every_recipe_has_a_test():
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    for recipe in COOKBOOK.glob("[0-9][0-9]_*.py"):
        assert f'"{recipe.stem}"' in tests or f'"{recipe.name}"' in tests, recipe.name

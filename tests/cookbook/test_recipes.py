"""The recipes of agents, optimizers, migrations, servers and clusters run as they say."""

import os
import subprocess
import sys
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


@pytest.mark.slow
def test_episodes_on_two_workers(tmp_path):
    pytest.importorskip("ray")
    text = output("17_ray", tmp_path)
    assert "12 episodes, each counted once" in text
    assert "mean reward 0.50" in text


def test_the_table_lists_every_recipe():
    table = (COOKBOOK / "README.md").read_text(encoding="utf-8")
    for recipe in sorted(COOKBOOK.glob("[0-9][0-9]_*")):
        assert f"({recipe.name})" in table, recipe.name

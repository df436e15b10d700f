from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tracegraph.cli.main import app
from tracegraph.models import ModelError
from tracegraph.models.local.catalog import DEFAULT
from tracegraph.models.local.files import present
from tracegraph.models.vllm.replica import Replica, write
from tracegraph.runs import process_start


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEGRAPH_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def test_every_command_teaches_with_an_example() -> None:
    for group in ("models", "serve"):
        shown = run(group, "--help")
        assert shown.exit_code == 0
        assert "Example:" in shown.output
    for command in ("list", "pull", "rm", "path", "ask", "stop", "measure"):
        assert (
            f"Example: {'llama-cli' if command == 'path' else 'tracegraph models ' + command}"
            in (run("models", command, "--help").output)
        )
    for command in ("start", "status", "stop", "add", "load", "unload", "setup"):
        assert "Example: tracegraph serve" in run("serve", command, "--help").output


def test_an_empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEGRAPH_CACHE", str(tmp_path / "cache"))
    shown = run("models", "list")
    assert "qwen2.5-coder-1.5b" in shown.output
    assert "here" not in shown.output
    path = run("models", "path")
    assert path.exit_code == 1
    assert "tracegraph models pull" in path.output
    assert "0 MB freed" in run("models", "rm", "smollm2").output
    assert isinstance(run("models", "rm", "gpt").exception, ModelError)


def test_a_command_line_for_another_machine() -> None:
    shown = run("serve", "own/model", "--print", "--port", "9000", "--lora", "a=/b")
    assert shown.exit_code == 0
    assert "-m vllm.entrypoints.openai.api_server --model own/model" in shown.output
    assert "--port 9000" in shown.output
    assert run("serve", "own/model", "--print", "--lora", "nonsense").exit_code == 2
    shown = run("serve", "smollm2", "--print")
    assert "HuggingFaceTB/SmolLM2-135M-Instruct --served-model-name smollm2" in shown.output
    assert "tracegraph serve add smollm2 http://HOST:8000" in shown.output


def test_a_server_of_another_machine_joins_the_pool() -> None:
    assert "no servers" in run("serve", "status").output
    assert run("serve", "add", "m", "http://127.0.0.1:9/", "--token", "t").exit_code == 0
    status = run("serve", "status").output
    assert "http://127.0.0.1:9" in status
    assert "silent" in status
    assert "0 stopped" in run("serve", "stop", "m").output
    assert "no servers" in run("serve", "status").output


def test_stopping_what_does_not_run() -> None:
    assert "there was none" in run("models", "stop").output


def test_the_helper_of_the_embedded_model_is_stopped_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEGRAPH_STATE", str(tmp_path / "servers"))
    servers = [subprocess.Popen(["sleep", "60"], start_new_session=True) for _ in range(2)]
    try:
        for number, server in enumerate(servers):
            start = process_start(server.pid)
            write(Replica(
                DEFAULT, DEFAULT, f"http://127.0.0.1:{number + 1}", "t", 8,
                pid=server.pid, start=start, for_local=number == 0,
            ))  # fmt: skip
        assert "stopped" in run("models", "stop").output
        assert servers[0].wait(5) != 0
        assert servers[1].poll() is None, "somebody asked for this one"
        assert "1 stopped" in run("serve", "stop").output
        assert servers[1].wait(5) != 0
    finally:
        for server in servers:
            server.kill()
            server.wait()


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.skipif(not present(), reason="not fetched: tracegraph models pull")
def test_a_question_without_any_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in ("TRACEGRAPH_MODEL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(key, raising=False)
    shown = run("models", "ask", "What is the capital of France? One word.", "--max-tokens", "8")
    assert shown.exit_code == 0
    assert "Paris" in shown.output
    assert (tmp_path / ".tracegraph" / "runs.db").exists()
    assert "running: llama.cpp" in run("models", "list").output
    assert "stopped" in run("models", "stop").output

"""What `tracegraph doctor` says of models and engines."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tracegraph.cli.main import app
from tracegraph.models.local import engine


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEGRAPH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("TRACEGRAPH_CACHE", str(tmp_path / "cache"))
    for name in ("TRACEGRAPH_LOCAL_ENGINE", "TRACEGRAPH_MODEL", "TRACEGRAPH_VLLM_PYTHON"):
        monkeypatch.delenv(name, raising=False)


def told(section: str) -> str:
    result = CliRunner().invoke(app, ["doctor", section])
    assert result.exit_code == 0, result.output
    return result.output


def test_models_that_are_missing_come_with_their_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEGRAPH_MODEL", "openai/some-model")
    output = told("models")
    assert "LLM() without a name is openai/some-model" in output
    assert "no   qwen2.5-coder-1.5b: Qwen2.5-Coder-1.5B-Instruct" in output
    assert "to get it: tracegraph models pull qwen2.5-coder-1.5b" in output


def test_the_engine_that_was_measured_is_shown(tmp_path: Path) -> None:
    output = told("engines")
    assert "has not been measured\n       to get it: tracegraph models measure" in output
    assert "tracegraph serve setup" in output
    figures = {"1": 15.0, "16": 15.0}, {"1": 6.0, "16": 40.0}
    made = engine.Measured(engine.machine(), "2026-01-01", *figures)
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state/engine.json").write_text(json.dumps(dataclasses.asdict(made)))
    output = told("engines")
    assert "16 in flight: llama.cpp 15, vLLM 40" in output
    assert "llama.cpp below 16 calls in flight, vLLM from 16" in output


def test_an_engine_that_is_set_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEGRAPH_LOCAL_ENGINE", "llama.cpp")
    assert "`local` is llama.cpp, as TRACEGRAPH_LOCAL_ENGINE says" in told("engines")
    monkeypatch.setenv("TRACEGRAPH_LOCAL_ENGINE", "nonsense")
    assert "it may be auto, llama.cpp or vllm" in told("engines")

"""What a new user gets wrong is told in one sentence that says what to do."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tracegraph.cli.main import app
from tracegraph.errors import TracegraphError

ROWS = [{"message": f"No. {n}", "expected": "later"} for n in range(12)]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["init", "--template", "numeric"]).exit_code == 0
    lines = [json.dumps(row) for row in ROWS]
    Path("broken.jsonl").write_text("\n".join([*lines[:3], '{"message": "x", ', *lines[3:]]))
    Path("empty.jsonl").write_text("")
    Path("spans.jsonl").write_text("{}\n")
    Path("plain.py").write_text("def ask(x):\n    return x\n")


def told(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code != 0
    if isinstance(result.exception, SystemExit):
        return result.output
    assert isinstance(result.exception, TracegraphError), result.exception
    return str(result.exception)


OPTIMIZE = ("optimize", "workflow.py", "--data")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("optimize", "README.md", "--data", "data.jsonl"), "README.md is no Python file"),
        (("optimize", "gone.py", "--data", "data.jsonl"), "/gone.py: name one, as FILE.py"),
        (("optimize", "plain.py", "--data", "data.jsonl"), "mark what may change with node("),
        ((*OPTIMIZE, "gone.jsonl"), "gone.jsonl cannot be read: No such file"),
        ((*OPTIMIZE, "empty.jsonl"), "holds no examples"),
        ((*OPTIMIZE, "broken.jsonl"), "broken.jsonl, line 4: no JSON value: "),
        ((*OPTIMIZE, "README.md"), "examples are read from .jsonl"),
        ((*OPTIMIZE, "data.jsonl", "--guide", "gone.py:guide"), "there is no file "),
        ((*OPTIMIZE, "data.jsonl", "--expected", "label"), "no column 'label', only message"),
        ((*OPTIMIZE, "data.jsonl", "--budget", "12"), "as in --budget tokens=2M,minutes=12"),
        (("episodes", "import", "spans.jsonl"), "spans.jsonl: this is no OTLP JSON"),
        (("rollout", "chat", "--tasks", "empty.jsonl"), "empty.jsonl holds no tasks"),
        (("rollout", "os:path", "--tasks", "data.jsonl"), "neither an async function of a Work"),
        (("rollout", "plain:ask", "--tasks", "data.jsonl"), "neither an async function of a Work"),
        (("eval", "video", "--set", "mlvu"), "needs --data"),
        (("serve", "add", "llama", "gpu1"), "'gpu1' is no http://HOST:PORT"),
    ],
)  # fmt: skip
def test_it_says_what_is_wrong(words: tuple[str, ...], expected: str) -> None:
    assert expected in " ".join(told(*words).replace("│", " ").split())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            'errors.MissingExtraError("local", "some_module")',
            "some_module is needed for this and is not installed: pip install 'tracegraph[local]'",
        ),
        ('models.RequestError("no key", retry=False, status=401)', "no key"),
    ],
)
def test_what_is_missing_for_all_examples_is_told_once(error: str, expected: str) -> None:
    workflow = Path("workflow.py").read_text()
    line = f"from tracegraph import errors, models\n    raise {error}\n    return "
    Path("workflow.py").write_text(workflow.replace("return ", line))
    assert told(*OPTIMIZE, "data.jsonl", "--optimizer", "numeric", "--quiet") == expected


@pytest.mark.parametrize("kind", ["otlp", "mcp"])
def test_a_port_that_is_in_use(kind: str) -> None:
    pytest.importorskip("mcp")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        more = [] if kind == "otlp" else ["--http", "--env", "solver"]
        said = told("serve", kind, "--port", str(port), *more)
    assert said.startswith(f"port {port} cannot be had (")
    assert said.endswith("name another with --port, or 0 for any free one")


def test_every_command_shows_an_example() -> None:
    def commands(command: object, name: str) -> list[tuple[str, str]]:
        below = getattr(command, "commands", None)
        if below is None:
            return [(name, getattr(command, "help", "") or "")]
        return [found for n, c in below.items() for found in commands(c, f"{name} {n}")]

    every = commands(typer.main.get_command(app), "tracegraph")
    assert len(every) > 40
    assert not [name for name, about in every if "Example: " not in about]

"""What `tracegraph init` writes runs, and `tracegraph doctor` tells what is there."""

import json
import runpy

import pytest
from typer.testing import CliRunner

from tracegraph.cli.init import Template
from tracegraph.cli.main import app
from tracegraph.training.data import load_examples, split
from tracegraph.training.workflow import load_workflow


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs the command in a folder of the test."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    command.path = tmp_path
    return command


@pytest.mark.parametrize("template", list(Template))
def test_the_files_fit_each_other(run, template):
    made = run("init", "mine", "--template", template)
    assert made.exit_code == 0, made.output
    folder = run.path / "mine"
    workflow = load_workflow(f"{folder}/workflow.py:triage")
    examples = load_examples(folder / "data.jsonl")
    assert len(examples) == 60
    parts = split(examples)
    assert len(parts.train) > 12
    assert len(parts.test) > 12
    assert set(workflow.arguments(examples[0].inputs)) == {"message"}
    kinds = {parameter.kind for parameter in workflow.parameters.values()}
    assert kinds == ({"text"} if template is Template.prompt else {"float"})
    readme = (folder / "README.md").read_text("utf-8")
    command = made.output.splitlines()[-1].partition("&& ")[2]
    assert f"    {command}\n" in readme, "the page and the command say the same"
    assert "{" not in readme.replace("{'", ""), "nothing is left to fill in"


def test_nothing_is_overwritten(run):
    (run.path / "data.jsonl").write_text("mine")
    refused = run("init")
    assert refused.exit_code == 1
    assert "exists already" in str(refused.exception)
    assert [file.name for file in run.path.iterdir()] == ["data.jsonl"]


@pytest.mark.slow
def test_the_numeric_project_improves_itself(run, monkeypatch):
    assert run("init", "--template", "numeric").exit_code == 0
    done = run(
        "optimize", "workflow.py:triage", "--data", "data.jsonl", "--optimizer", "numeric",
        "--fractions", "0.3,0.4,0.3", "--steps", "2", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads(done.output.splitlines()[-1])
    assert told["event"] == "result"
    assert told["proof"]["before"]["mean"] < 0.7
    assert told["improved"], told["summary"]
    assert run("diff", "last").exit_code == 0


def test_the_prompt_project_asks_a_model(run, monkeypatch):
    assert run("init").exit_code == 0
    asked = []

    class FakeLLM:
        def complete_sync(self, text, **options):
            asked.append(text)
            return type("Answer", (), {"text": " Now! Because it is down."})()

    monkeypatch.setattr("tracegraph.models.LLM", FakeLLM, raising=False)
    module = runpy.run_path(str(run.path / "workflow.py"))
    assert module["triage"]("The shop is down!").data == "now"
    assert asked == [
        "Does this message need an answer now? Say now or later.\n\nMessage: The shop is down!"
    ]


@pytest.mark.parametrize(
    ("template", "module", "needed"),
    [("prompt", "xllamacpp", "tracegraph[local]"), ("numeric", "numpy", "tracegraph[numeric]")],
)
def test_it_says_what_the_project_needs(run, monkeypatch, template, module, needed):
    for key in ("TRACEGRAPH_MODEL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setattr("tracegraph.cli.init.find_spec", lambda name: name != module or None)
    assert f"it needs: pip install '{needed}'" in run("init", "--template", template).output


def test_doctor_tells_every_extra(run):
    told = json.loads(run("doctor", "extras", "desktop", "solver", "--json").output)
    extras = {finding["what"].partition(":")[0] for finding in told["sections"]["extras"]}
    assert {"mcp", "otel", "mlflow", "hub", "notebook", "solver", "vllm"} <= extras
    for finding in told["sections"]["extras"]:
        assert finding["there"] or finding["remedy"].startswith("pip install 'tracegraph[")
    as_text = run("doctor", "notebook", "scale").output
    assert as_text.startswith("tracegraph ")
    assert "processors for this process" in as_text


def test_doctor_tells_what_is_missing(run, monkeypatch):
    monkeypatch.setenv("PATH", str(run.path))
    told = run("doctor", "desktop", "viewer").output
    assert "no   Xvfb\n       to get it: apt-get install xvfb" in told
    assert "no   a browser" in told
    assert run("doctor", "nonsense").exit_code == 2

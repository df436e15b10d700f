"""The commands that show and hand out what a run found."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.training.finished_run import CODE, HOSTILE, LONG_WORDS, WORKFLOW, make_trainer
from tracegraph.cli.main import app
from tracegraph.errors import TracegraphError
from tracegraph.runs import Store, list_runs
from tracegraph.training.gate import pending


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def done(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.exception or result.output
    return result.stdout


def refused(*words: str) -> str:
    error = run(*words).exception
    assert isinstance(error, TracegraphError)
    return str(error)


def test_history_lists_runs(project: Path) -> None:
    shown = done("history")
    assert "triage" in shown
    assert "0.500 → 1.000" in shown
    (told,) = json.loads(done("history", "--json"))
    assert told["improved"]
    assert told["proof"]["after"]["mean"] == 1.0
    assert done("history", told["run"][:15]) == done("history", "last")


def test_history_shows_one_run(project: Path) -> None:
    shown = done("history", "last")
    for expected in ("finished", "best", "rejected" if "rejected" in shown else "accepted",
                     "e-value", "refused for threshold", "wrong form", "urgency()"):  # fmt: skip
        assert expected in shown
    told = json.loads(done("history", "last", "--json"))
    assert len(told["candidates"]) == 6 + 1
    assert told["malformed"][0]["malformed"] == 1
    assert {"started", "tried", "accepted", "finished"} <= {e["kind"] for e in told["events"]}


def test_diff(project: Path) -> None:
    shown = done("diff", "last")
    assert "-0.9\n+0.4\n" in shown
    assert f"-down, stolen\n+{LONG_WORDS}\n" in shown
    assert "+++ urgency() after" in shown
    told = json.loads(done("history", "last", "--json"))
    first = next(c for c in told["candidates"] if c["values"]["words"] == HOSTILE)
    assert "+0.4" not in done("diff", "last", first["name"])
    assert "both are the same" in done("diff", "last", "seed")
    assert "are called 'zz'" in refused("diff", "last", "zz")


def test_what_a_model_wrote_cannot_steer_the_terminal(project: Path) -> None:
    with sqlite3.connect(".tracegraph/runs.db") as connection:
        connection.execute("UPDATE candidates SET payload = replace(payload, 'refund', '\\u001b')")
    assert "\x1b" not in done("diff", "last")
    assert "\\x1b" in done("diff", "last")


def test_export_writes_plain_files(project: Path) -> None:
    files = [Path(line) for line in done("export", "last", "--out", "new").splitlines()]
    assert sorted(f.name for f in files) == ["README.md", "urgency.py", "values.json", "words.txt"]
    assert Path("new/words.txt").read_text() == LONG_WORDS
    assert Path("new/urgency.py").read_text() == CODE
    assert json.loads(Path("new/values.json").read_text()) == {"threshold": 0.4}
    assert "0.500 before, 1.000 after" in Path("new/README.md").read_text()


@pytest.mark.parametrize("tool", [["git", "apply"], ["patch", "-p1"]])
def test_export_prints_a_patch(project: Path, tool: list[str]) -> None:
    patch = done("export", "last", "--patch")
    subprocess.run(tool, input=patch.encode(), check=True, capture_output=True)
    source = Path("triage.py").read_text()
    assert f'WORDS = "{LONG_WORDS}"  # what sounds urgent' in source
    assert 'tg.Parameter(0.4, name="threshold", low=0, high=1)  # from here on: now' in source
    assert "    import re\n" in source


def test_apply_changes_the_file_and_runs_it(project: Path) -> None:
    Path("triage.py").chmod(0o640)
    shown = done("apply", "last", "--backup")
    assert "5 of 5 examples score as measured" in shown
    patched = Path("triage.py").read_text()
    assert 'Parameter(0.4, name="threshold"' in patched
    assert Path("triage.py.bak").read_text() == WORKFLOW
    assert Path("triage.py").stat().st_mode & 0o777 == 0o640
    assert sorted(f.name for f in project.iterdir() if "triage" in f.name) == [
        "triage.py", "triage.py.bak",
    ]  # fmt: skip
    assert "has changed since" in refused("apply", "last")
    assert "has these values already" in refused("apply", "last", "--force")


def test_apply_puts_the_file_back_when_it_does_not_do_what_was_measured(project: Path) -> None:
    with sqlite3.connect(".tracegraph/runs.db") as connection:
        connection.execute("UPDATE evaluations SET score = 0.25 WHERE split = 'test'")
    assert "do not score as measured" in refused("apply", "last")
    assert Path("triage.py").read_text() == WORKFLOW


def test_apply_puts_a_file_back_that_overrides_the_value(project: Path) -> None:
    changed = WORKFLOW + "\nthreshold.update(0.7)\n"
    Path("triage.py").write_text(changed)
    assert "has changed since" in refused("apply", "last")
    assert "threshold is 0.7" in refused("apply", "last", "--force")
    assert Path("triage.py").read_text() == changed


def test_apply_leaves_a_file_alone_in_which_a_value_has_no_place(project: Path) -> None:
    changed = WORKFLOW.replace("Parameter(0.9,", "Parameter(9 / 10,")
    Path("triage.py").write_text(changed)
    assert "threshold: line 8: it is computed: 9 / 10" in refused("apply", "last", "--force")
    assert Path("triage.py").read_text() == changed
    shown = run("export", "last", "--patch")
    assert "threshold is not in the patch" in shown.stderr
    assert LONG_WORDS in shown.stdout


def test_a_candidate_that_was_not_proven_is_used_only_by_name(project: Path) -> None:
    with sqlite3.connect(".tracegraph/runs.db") as connection:
        connection.execute("UPDATE decisions SET verdict = 'rejected'")
    assert "no change was shown to be better" in refused("apply", "last")
    told = json.loads(done("history", "last", "--json"))
    second = next(c for c in told["candidates"] if c["values"]["threshold"] == 0.4)
    assert "score as measured" in done("apply", "last", "--candidate", second["name"])
    assert "no change was accepted" in done("diff", "last")


def test_a_run_that_was_not_started_from_a_file(project: Path) -> None:
    with sqlite3.connect(".tracegraph/runs.db") as connection:
        connection.execute("UPDATE runs SET config = json_remove(config, '$.spec')")
    assert "was not started from a file" in refused("apply", "last")
    assert done("export", "last")


def test_report_writes_a_page(project: Path) -> None:
    page = Path(done("report", "last", "--out", "page.html").strip())
    assert page.read_text().startswith("<!doctype html>")


def test_without_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("history", "report", "diff", "apply", "export", "approve"):
        words = [command] if command == "history" else [command, "last"]
        assert "there is no run store" in refused(*words)
    Store(tmp_path / "runs.db").close()
    assert "has no runs yet" in done("history", "--store", "runs.db")
    assert list(tmp_path.glob("*")) == [tmp_path / "runs.db"]


def test_a_person_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store(tmp_path / ".tracegraph" / "runs.db") as store:
        trainer = make_trainer(tmp_path, store, approve=True)
        thread = threading.Thread(target=trainer.train_sync, daemon=True)
        thread.start()
        shown = []
        while thread.is_alive():
            found = list_runs(store)
            if not found or (held := pending(store, found[0].id)) is None:
                time.sleep(0.02)
                continue
            words = ["reject", "last", "--reason", "too low"] if len(shown) == 1 else ["approve"]
            assert "waits: tracegraph approve" in done("history", "last")
            shown.append(done(*words, *([] if "last" in words else ["last"])))
            while thread.is_alive() and pending(store, found[0].id) == held:
                time.sleep(0.02)
    assert "-0.9\n+0.4" in shown[0]
    assert "e-value" in shown[0]
    assert "approved" in shown[0]
    assert "rejected" in shown[1]
    assert "a person said: too low" in done("history", "last")
    assert "nothing waits" in refused("approve", "last")


def test_every_command_teaches_with_an_example() -> None:
    for command in ("history", "diff", "approve", "reject", "export", "apply", "report"):
        assert f"Example: tracegraph {command} last" in done(command, "--help")


def test_help_loads_no_training() -> None:
    code = (
        "import sys; sys.argv = ['tracegraph', '--help']\n"
        "from tracegraph.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if 'tracegraph.training' in m or 'sqlite' in m])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"

"""A finished run in an MLflow tracking store of SQLite."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.training.finished_run import finish
from tracegraph import runs
from tracegraph.cli.main import app
from tracegraph.errors import MissingExtraError, TracegraphError
from tracegraph.integrations.mlflow import log_run

pytestmark = pytest.mark.slow  # the tables of the tracking store take seconds to make


@pytest.fixture
def store(tmp_path):
    """A store with a finished run."""
    with runs.Store(tmp_path / ".tracegraph" / "runs.db") as opened:
        finish(tmp_path, opened)
        yield opened


def test_a_run_is_there_once_with_all_its_parts(store, tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    from mlflow.tracking import MlflowClient

    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    run = runs.find_run(store, "last")
    ran = CliRunner().invoke(app, ["export", "last", "--mlflow", uri])
    assert ran.exit_code == 0, ran.output
    client = MlflowClient(tracking_uri=uri)
    place = client.get_experiment_by_name("tracegraph").experiment_id
    (kept,) = client.search_runs([place])
    id = kept.info.run_id
    assert ran.output.strip().endswith(id)
    assert kept.info.status == "FINISHED"
    assert kept.data.params["settings.steps"] == "6"
    assert kept.data.tags["tracegraph.run"] == run.id
    tried = client.get_metric_history(id, "tried/score")
    events = [e for e in runs.list_events(store, run=run.id) if e.kind == "tried"]
    assert [metric.value for metric in tried] == [e.payload["score"] for e in events]
    assert [metric.step for metric in tried] == list(range(len(events)))
    proof = runs.load_state(store, run.id, "proof")
    assert kept.data.metrics["proof/difference.mean"] == proof["difference"]["mean"]
    assert kept.data.metrics["proof/difference.low"] == proof["difference"]["low"]
    files = {file.path for file in client.list_artifacts(id)}
    assert files == {"summary.json", "values.json", "proof.json", "report.html"}
    values = Path(client.download_artifacts(id, "values.json")).read_text("utf-8")
    assert json.loads(values).keys() >= {"words", "threshold"}

    assert log_run(store, "last", uri) == id, "written again it is the same run"
    assert len(client.search_runs([place])) == 1
    assert client.get_metric_history(id, "tried/score") == tried
    with pytest.raises(TracegraphError, match="refuses"):
        log_run(store, "last", "nonsense://x")


def test_without_mlflow_the_error_says_what_to_install(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tracegraph\[mlflow\]'"):
        log_run(store, "last", "sqlite:///x.db")

"""A run of the store in MLflow: parameters, metrics step by step, the proof, the values found."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph import runs
from tracegraph.errors import MissingExtraError, TracegraphError
from tracegraph.training.review import Review

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

__all__ = ["log_run"]

_TAG = "tracegraph.run"
_ALL = 1_000_000
_LONGEST = 6000  # characters of a parameter that MLflow takes
_BATCH = 1000  # metrics that it takes at once
_ENDED = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}


def log_run(store: runs.Store, name: str, uri: str, *, experiment: str = "tracegraph") -> str:
    """Write a run to an MLflow tracking store and return MLflow's id of it.

    A run that was written before gets what is new since: nothing is there twice.

    Args:
        store: the open store.
        name: the run's id, the beginning of it, or "last".
        uri: of the tracking store, as sqlite:///mlflow.db or http://127.0.0.1:5000.
        experiment: its name there; it is made when there is none.

    Raises:
        MissingExtraError: MLflow is not installed.
        TracegraphError: there is no such run, or the tracking store refuses.
    """
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise MissingExtraError("mlflow", "mlflow") from error
    run = runs.find_run(store, name)
    try:
        client = MlflowClient(tracking_uri=uri)
        return _write(client, store, run, experiment)
    except MlflowException as error:
        told = str(error).splitlines()[0]
        raise TracegraphError(f"MLflow at {uri} refuses: {told}") from error


def _write(client: MlflowClient, store: runs.Store, run: runs.Run, experiment: str) -> str:
    known = client.get_experiment_by_name(experiment)
    place = client.create_experiment(experiment) if known is None else known.experiment_id
    earlier = client.search_runs([place], f"tags.`{_TAG}` = '{run.id}'", max_results=1)
    if earlier:
        id = str(earlier[0].info.run_id)
    else:
        made = client.create_run(
            place, int(run.started * 1000), {_TAG: run.id, "tracegraph.kind": run.kind},
            run_name=f"{run.name or run.kind} {run.id}",
        )  # fmt: skip
        id = str(made.info.run_id)
        for key, value in _flat(run.config):
            client.log_param(id, key, str(value)[:_LONGEST])
    _log_metrics(client, id, store, run)
    _log_files(client, id, store, run)
    if run.status in _ENDED and run.finished is not None:
        client.set_terminated(id, _ENDED[run.status], int(run.finished * 1000))
    return id


def _log_metrics(client: MlflowClient, id: str, store: runs.Store, run: runs.Run) -> None:
    from mlflow.entities import Metric

    def metric(key: str, value: float, time: float, step: int) -> Metric:
        return Metric(key, float(value), int(time * 1000), step)

    found = []
    steps: Counter[str] = Counter()
    for event in runs.list_events(store, run=run.id, limit=_ALL):
        told = event.payload if isinstance(event.payload, Mapping) else {}
        step = steps[event.kind]
        steps[event.kind] += 1
        found += [
            metric(f"{event.kind}/{key}", value, event.created, step)
            for key, value in _flat(told)
            if isinstance(value, int | float) and not isinstance(value, bool)
        ]
    for step, episode in enumerate(runs.list_episodes(store, run.id)):
        if episode.reward is not None:
            found.append(metric("episode/reward", episode.reward, episode.finished, step))
    ended = run.finished or run.started
    totals = runs.call_totals(store, run=run.id)
    found += [
        metric(f"calls/{key}", getattr(totals, key), ended, 0)
        for key in ("calls", "cached", "errors", "prompt_tokens", "completion_tokens", "cost")
    ]
    seen = {key: len(client.get_metric_history(id, key)) for key in {m.key for m in found}}
    new = [m for m in found if m.step >= seen[m.key]]
    for start in range(0, len(new), _BATCH):
        client.log_batch(id, metrics=new[start : start + _BATCH])


def _log_files(client: MlflowClient, id: str, store: runs.Store, run: runs.Run) -> None:
    client.log_dict(id, dict(run.summary), "summary.json")
    if run.kind != "optimize":
        return
    review = Review.of(store, run.id)
    if review.candidates:
        client.log_dict(id, json.loads(json.dumps(dict(review.winner.values), default=str)),
                        "values.json")  # fmt: skip
    if review.proof is None:
        return
    client.log_dict(id, review.proof.to_json(), "proof.json")
    for key, value in _flat(review.proof.to_json()):
        client.log_metric(id, f"proof/{key}", float(value), step=0)
    client.set_tag(id, "tracegraph.improved", str(review.improved).lower())
    from tracegraph.training.report import write_report

    with tempfile.TemporaryDirectory() as folder:
        client.log_artifact(id, str(write_report(store, run.id, Path(folder, "report.html"))))


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        # MLflow takes few signs in names.
        name = before + "".join(c if c.isalnum() or c in "_-. " else "_" for c in str(key))
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif value is not None and value != "":
            yield name, value

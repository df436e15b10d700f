"""A search for good numbers, written to MLflow: parameters, scores step by step, the proof.

Run it: python cookbook/22_mlflow.py

From the command line: tracegraph export last --mlflow sqlite:///mlflow.db, then `mlflow ui`.

Needs: pip install 'tracegraph[mlflow,numeric]'
"""

import tempfile
from pathlib import Path

from mlflow.tracking import MlflowClient

import tracegraph as tg
from tracegraph.integrations.mlflow import log_run
from tracegraph.optimizers import make
from tracegraph.runs import Store
from tracegraph.training import Settings, Trainer, Workflow
from tracegraph.training.data import Example, split
from tracegraph.training.guides import make_guide

threshold = tg.Parameter(0.9, name="threshold", low=0, high=1)


@tg.bundle
def suspicious(amount, threshold):
    """Whether somebody should look at a payment."""
    return amount / 1000 > threshold


def check(amount):
    """Find payments that are fraud."""
    return "look" if suspicious(amount, threshold) else "fine"


def main():
    payments = range(5, 1000, 10)
    examples = [Example(str(n), {"amount": n}, "look" if n > 430 else "fine") for n in payments]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder, "runs.db")) as store:
        trainer = Trainer(
            Workflow(check, [threshold]), split(examples), make_guide("exact"), make("numeric"),
            store=store, settings=Settings(steps=8, count=1),
        )  # fmt: skip
        print(trainer.train_sync().summary())
        uri = f"sqlite:///{folder}/mlflow.db"
        id = log_run(store, "last", uri, experiment="payments")
        client = MlflowClient(tracking_uri=uri)
        kept = client.get_run(id).data
        print(f"optimizer: {kept.params['optimizer']}")
        print(f"scores tried: {len(client.get_metric_history(id, 'tried/score'))}")
        print(f"proof: {kept.metrics['proof/before.mean']:.2f} before, "
              f"{kept.metrics['proof/after.mean']:.2f} after")  # fmt: skip
        print("files: " + ", ".join(file.path for file in client.list_artifacts(id)))


if __name__ == "__main__":
    main()

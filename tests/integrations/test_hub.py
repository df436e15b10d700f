"""Data sets as examples, also from the command line; episodes as data sets; no network."""

import json
import sys

import pytest
from typer.testing import CliRunner

from tests.training.finished_run import make_files
from tracegraph import runs
from tracegraph.agents import Episode, Turn
from tracegraph.cli.main import app
from tracegraph.errors import MissingExtraError
from tracegraph.integrations.hub import dataset_of, examples_of, fetch_rows, is_dataset
from tracegraph.training.data import DataError

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """Nothing is asked of the hub, and no cache of the user's is used."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def rows(*numbers):
    return [{"question": f"{n} + 1", "answer": str(n + 1), "tags": ["sum"]} for n in numbers]


def test_parts_stay_parts(tmp_path):
    made = datasets.DatasetDict(
        train=datasets.Dataset.from_list(rows(1, 2)), test=datasets.Dataset.from_list(rows(3))
    )
    examples = examples_of(made)
    assert [(e.part, e.expected) for e in examples] == [
        ("train", "2"),
        ("train", "3"),
        ("test", "4"),
    ]
    assert examples[2].inputs == {"question": "3 + 1", "tags": ["sum"]}
    made.save_to_disk(tmp_path / "saved")
    assert is_dataset(str(tmp_path / "saved"))
    file = fetch_rows(str(tmp_path / "saved"), tmp_path / "kept")
    assert [json.loads(line)["split"] for line in file.read_text().splitlines()] == [
        "train", "train", "test",
    ]  # fmt: skip
    alone = examples_of(made["train"], inputs=["question"])
    assert alone[0].inputs == {"question": "1 + 1"}
    assert alone[0].part == ""


def test_what_cannot_be_examples_is_told(tmp_path):
    odd = datasets.DatasetDict(extra=datasets.Dataset.from_list(rows(1)))
    with pytest.raises(DataError, match="part 'extra'"):
        examples_of(odd)
    with pytest.raises(DataError, match=r"row 0 .* remove such columns"):
        examples_of(datasets.Dataset.from_list([{"question": b"\xff", "answer": "1"}]))
    with pytest.raises(DataError, match=r"hf://nobody/nothing cannot be read"):
        fetch_rows("hf://nobody/nothing", tmp_path)
    assert not is_dataset(str(tmp_path))


@pytest.mark.slow
def test_a_saved_data_set_is_data(tmp_path):
    source, data = make_files(tmp_path)
    every = [json.loads(line) for line in data.read_text().splitlines()]
    datasets.Dataset.from_list(every[:60]).save_to_disk(tmp_path / "saved")
    ran = CliRunner().invoke(
        app,
        ["optimize", f"{source}:triage", "--data", str(tmp_path / "saved"), "--optimizer",
         "numeric", "--steps", "1", "--json"],
    )  # fmt: skip
    assert ran.exit_code == 0, ran.output
    assert '"event": "result"' in ran.output
    with runs.Store() as store:
        kept = runs.find_run(store, "last").config["data"]
    assert kept.startswith(str(tmp_path / ".tracegraph" / "data")), "a resumed run reads the same"


def test_episodes_are_a_data_set(tmp_path):
    with runs.Store() as store, runs.run_scope(store, "eval") as run:
        for n in range(2):
            one = Episode("a", "e", f"t{n}", "success", reward=1.0)
            one.turns = [Turn(messages=[{"role": "user", "content": f"{n}?"}], answer=str(n))]
            runs.add_episode(store, one.to_stored(run.id, str(n))).result()
        made = dataset_of(runs.list_episodes(store, run.id))
    assert sorted(row["messages"][-1]["content"] for row in made) == ["0", "1"]
    ran = CliRunner().invoke(app, ["episodes", "export", "out", "--format", "dataset"])
    assert ran.output.strip().endswith("out: 2 episodes")
    assert len(datasets.load_from_disk("out")) == 2
    with pytest.raises(DataError, match="no episodes"):
        dataset_of([])


def test_without_datasets_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tracegraph\[hub\]'"):
        fetch_rows("hf://some/thing", tmp_path)

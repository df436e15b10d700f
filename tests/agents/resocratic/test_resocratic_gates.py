"""Contamination, flaws, duplicates, splits, and the data set on disk."""

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tracegraph.agents.episode import Episode
from tracegraph.agents.resocratic.admission import admit
from tracegraph.agents.resocratic.benchmarks import BenchmarkItem, load_benchmarks
from tracegraph.agents.resocratic.card import write_card
from tracegraph.agents.resocratic.contamination import Gate
from tracegraph.agents.resocratic.dataset import write_dataset
from tracegraph.agents.resocratic.finishing import finish, split_of
from tracegraph.agents.resocratic.flaws import flaws, load_scenarios
from tracegraph.agents.resocratic.making import finish_within
from tracegraph.agents.resocratic.seeds import load_seeds
from tracegraph.envs.solver import SolverPool
from tracegraph.errors import TracegraphError
from tracegraph.models import BudgetExceeded

DATA = Path(os.environ.get("TRACEGRAPH_DATA", Path(__file__).parents[4] / "shared" / "data"))
OPTIBENCH = DATA / "optibench"
NL4OPT = DATA / "nl4opt"
needs_data = pytest.mark.skipif(
    not OPTIBENCH.is_dir(), reason="the benchmarks are not here; set TRACEGRAPH_DATA"
)

COPY = "A miller grinds rye and spelt on two stones and wants to earn as much as he can today."


async def test_the_gate_reports_what_is_copied():
    gate = Gate([BenchmarkItem("set.json", "7", "Long ago. " + COPY)])
    found = await gate.check(COPY + " He has 9 hours.")
    assert not found.clean
    assert (found.source, found.item) == ("set.json", "7")
    assert "8-grams" in found.why
    assert found.shared.startswith("a miller grinds rye")
    assert (await gate.check("A cook fries two fish.")).clean


def test_benchmarks_are_read_from_all_their_forms(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([{"question": "one"}]))
    (tmp_path / "b.jsonl").write_text('{"id7": {"document": "two"}}\n{"en_question": "three"}\n')
    (tmp_path / "c.csv").write_text("question,answer\nfour,1\n")
    assert [item.text for item in load_benchmarks([tmp_path])] == ["one", "two", "three", "four"]
    (tmp_path / "d.json").write_text("[1]")
    with pytest.raises(TracegraphError, match="holds no problems"):
        load_benchmarks([tmp_path / "d.json"])


@needs_data
async def test_the_gate_rejects_the_published_seeds_that_are_test_items():
    gate = Gate(load_benchmarks([OPTIBENCH / "OptiBench.json"]))
    pools = [OPTIBENCH / "seeds" / "pool" / f"{name}.json" for name in ("linear", "nonlinear")]
    seeds = [each for pool in pools for each in load_scenarios(pool)]
    found = await gate.check_all([each.words for each in seeds])
    rejected = {s.id for s, overlap in zip(seeds, found, strict=True) if not overlap.clean}
    assert rejected == {f"nonlinear-{n}" for n in range(14)} - {"nonlinear-2"}


@needs_data
def test_the_flawed_published_seeds_are_flagged_and_no_others():
    pools = [OPTIBENCH / "seeds" / "pool" / f"{name}.json" for name in ("linear", "nonlinear")]
    flagged = {each.id for pool in pools for each in load_scenarios(pool) if flaws(each)}
    assert flagged == {
        "linear-3", "linear-4", "linear-11", "linear-12",
        "nonlinear-2", "nonlinear-8", "nonlinear-9",
    }  # fmt: skip


@pytest.mark.slow
async def test_every_seed_passes_the_verifier_and_the_gate():
    gate = Gate(load_benchmarks([OPTIBENCH, NL4OPT]) if OPTIBENCH.is_dir() else [])
    async with SolverPool(2) as pool:
        found = await admit(load_seeds(), gate, pool)
    assert {each.seed.id: each.problems for each in found if not each.admitted} == {}
    counts = Counter((each.seed.kind, each.seed.table) for each in found)
    assert len(found) == 32
    assert len(counts) == 4
    assert all(each.certificate in ("exact_lp", "milp_agreement", "minlp_bound") for each in found)


def row(key, question, mark, family=None):
    return {
        "id": key, "key": key, "parent_id": family or key.partition(".")[0],
        "level": int(key.split(".")[1]), "variant": key.split(".")[2], "question": question,
        "question_by": "code", "scenario": "", "program": "", "target_hit": 1.0, "licence": "",
        "messages": [{"role": "user", "content": question}],
        "answer": {"objective": 1.0, "status": "optimal", "variables": {"x": 1.0}},
        "model": {"format": "mps", "text": "", "kind": "LP", "hash": mark},
        "certificate": {"kind": "exact_lp", "gap": 0.0, "text": "", "solvers": {"highs": 1.0},
                        "dual_bound": 1.0},
        "agreement": {"asked": 1, "agreed": 1, "solutions": []},
        "difficulty": {"variables": 2, "nodes": 1, "gap": None}, "target": {}, "provenance": {},
        "overlap": None, "split": "",
    }  # fmt: skip


def episode(*rows):
    return Episode("resocratic", "solver", rows[0]["key"].partition(".")[0], extra={"rows": rows})


RYE = "A baker divides flour between rye loaves and buns; what plan earns most for the stall?"
SEA = "A trawler crew picks nets for herring or cod before the storm; which choice lands most fish?"


async def test_duplicates_go_and_families_stay_together(tmp_path):
    found = await finish(
        [
            episode(row("c.1.plain", RYE.replace("baker", "cook"), "m3")),  # the same words as a
            episode(row("b.1.plain", SEA, "m1")),  # the same model as a
            episode(row("a.1.plain", RYE, "m1"), row("a.1.table", RYE + " |", "m1"),
                    row("a.2.plain", RYE + " And 3 ovens.", "m2")),
            episode(row("d.1.plain", COPY, "m4")),
        ],
        Gate([BenchmarkItem("set", "0", COPY)]),
    )  # fmt: skip
    assert [each["key"] for each in found.rows] == ["a.1.plain", "a.1.table", "a.2.plain"]
    assert len({each["split"] for each in found.rows}) == 1
    why = {each.key: (each.stage, each.why) for each in found.rejections}
    assert why["b.1.plain"] == ("dedup", "the same model: a.1.plain")
    assert why["c.1.plain"][1].startswith("the same words")
    assert why["d.1.plain"][0] == "decontaminate"


def test_splits_depend_on_the_family_only():
    splits = [split_of(f"family-{n}") for n in range(400)]
    assert 40 < splits.count("test") < 130
    assert splits == [split_of(f"family-{n}") for n in range(400)]


async def test_files_and_card(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    made = await finish(
        [episode(row("a.1.plain", RYE, "m1")), episode(row("b.1.plain", SEA, "m2"))], Gate([])
    )
    card = write_card("problems", made, Gate([]), model="local", run="r1", tokens=5)
    write_dataset(tmp_path, made, card)
    split = made.rows[0]["split"]
    lines = (tmp_path / "data" / f"{split}.jsonl").read_text().splitlines()
    table = parquet.read_table(tmp_path / "data" / f"{split}.parquet").to_pylist()
    assert [json.loads(line)["id"] for line in lines] == [each["id"] for each in table]
    assert json.loads(table[0]["variables"]) == {"x": 1.0}
    assert "- `exact_lp`, 2 rows: a primal and a dual" in card
    # Every column of the table is described, and nothing else.
    described = set(re.findall(r"`([a-z_*]+)`", card.split("## Features")[1].split("## ")[0]))
    described -= {"plain", "table"}  # values of a column
    columns = {re.sub(r"^(difficulty|overlap)_.*", r"\1_*", name) for name in table[0]}
    assert described == columns
    head = (tmp_path / "README.md").read_text().split("---\n")[1]
    assert f"path: data/{split}.parquet" in head


class FakeEmbedder:
    """Has no budget left."""

    async def embed(self, texts):
        raise BudgetExceeded("used up", budget="run", kind="tokens")


async def test_a_used_up_budget_loses_no_rows():
    gate = Gate([BenchmarkItem("set", "0", RYE.replace("stall", "shop"))], FakeEmbedder())
    found, words = await finish_within([episode(row("a.1.plain", SEA, "m1"))], gate)
    assert [each["key"] for each in found.rows] == ["a.1.plain"]
    copied, words = await finish_within([episode(row("b.1.plain", RYE, "m2"))], gate)
    assert copied.rows == ()
    assert not words.embeds

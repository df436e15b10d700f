"""The demonstration: its data keep the promises of the README, its workflow and guide agree."""

import asyncio
import json
import math
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from tracegraph import record
from tracegraph.training import load_workflow

DEMO = Path(__file__).parents[2] / "cookbook" / "demo"


@pytest.fixture(scope="module")
def rows():
    return [json.loads(line) for line in (DEMO / "messages.jsonl").read_text().splitlines()]


@pytest.fixture
def workflow():
    return load_workflow(f"{DEMO / 'triage.py'}:triage")


class FakeModel:
    """Says technical, and yes with 60 %; keeps what it was asked."""

    def __init__(self):
        self.asked = []

    async def complete(self, messages, *, logprobs=False, parent=""):
        self.asked.append((parent, messages))
        if parent == "pick_team":
            return SimpleNamespace(text=" Technical.", logprobs=None)
        return SimpleNamespace(text="Yes", logprobs=[math.log(0.6), 0.0])


def test_messages_are_as_promised(rows):
    assert len(rows) >= 240
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({" ".join(row["message"].lower().split()) for row in rows}) == len(rows)
    assert all(row["route"] == f"{row['topic']}/{row['urgency']}" for row in rows)
    teams = Counter(row["topic"] for row in rows)
    assert len(teams) == 6
    assert max(teams.values()) <= 0.3 * len(rows)


def test_the_readme_counts_them(rows):
    text = (DEMO / "README.md").read_text()
    counted = {
        team: tuple(map(int, numbers.split("|")))
        for team, numbers in re.findall(r"^\| (\w+) \| ([\d| ]+) \|$", text, re.MULTILINE)
    }
    for team in {row["topic"] for row in rows}:
        now = sum(row["topic"] == team and row["urgency"] == "now" for row in rows)
        all_ = sum(row["topic"] == team for row in rows)
        assert counted[team] == (now, all_ - now, all_)


def test_a_message_becomes_a_route(workflow, monkeypatch):
    model = FakeModel()
    monkeypatch.setitem(workflow.call.__globals__, "llm", model)
    threshold = workflow.parameters["threshold"]
    examples = workflow.parameters["team_examples"]

    def routed(**values):
        with record(values={workflow.parameters[k]: v for k, v in values.items()}) as run:
            route = asyncio.run(workflow.call("It smokes."))
        return route, {node.name for node, _ in run.read}

    assert routed()[0] == "technical/now"
    route, read = routed(threshold=0.7, team_examples=["message: Hi.\noutput: advice"])
    assert route == "technical/later"
    assert read == set(workflow.parameters)
    assert (threshold.data, examples.data) == (0.5, [])
    system = dict(model.asked[2:])["pick_team"][0]["content"]
    assert system.index("output: advice") < system.index("Answer with the name")


def test_the_guide_quotes_the_handbook(workflow, rows):
    guide = workflow.call.__globals__["guide"]
    assert {row["topic"] for row in rows} == set(workflow.call.__globals__["TEAMS"])
    right = guide("billing/now", "billing/now")
    assert (right["team"], right["urgency"]) == (1.0, 1.0)
    wrong = guide("unknown/now", "billing/later")
    assert (wrong["team"], wrong["urgency"]) == (0.0, 0.0)
    assert "billing: charges" in wrong["feedback"]
    assert "Not urgent: " in wrong["feedback"]

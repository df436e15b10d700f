"""Recorded graphs in a real browser: hostile records, search, keys, what parameters reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tracegraph as tg
from tests.training.finished_run import HOSTILE
from tracegraph.graph.subgraph import Subgraph
from tracegraph.runs import Evaluation, Run, Store, add_evaluation, add_event, start_run
from tracegraph.viewer.graphs.drawn import Drawn, between


@tg.bundle
def join(a: str, b: str) -> str:
    """Two texts in a row."""
    return a + b


@tg.bundle
def shout(a: str) -> str:
    """Loud."""
    return a.upper()


def _graph() -> Subgraph:
    rule = tg.node("be brief", name="rule", trainable=True)
    loud = shout(tg.node(HOSTILE, name="question"))
    out = join(join(rule, loud), HOSTILE)
    return Subgraph.of([out])


@pytest.fixture
def recorded(store_path: Path) -> str:
    """Add an evaluation with a hostile graph and return its id."""
    document = _graph().to_json()
    document["name"] = HOSTILE
    document["operations"][0]["source"] = document["operations"][0]["description"] = HOSTILE
    document["nodes"][0]["name"] = document["nodes"][0]["label"] = HOSTILE
    document["feedback"] = [{
        "about": [{"node": document["outputs"][0], "text": HOSTILE, "score": 0.0}],
        "of_the_graph": True, "received": {},
    }]  # fmt: skip
    document["nodes"][-1]["feedback"] = [0]
    with Store(store_path) as store:
        run = Run("optimize", HOSTILE)
        start_run(store, run).result()
        blame = [{"name": "join", "kind": "node", "share": 0.6, "why": HOSTILE}]
        add_event(store, "step", {"blame": blame}, run=run.id).result()
        payload = {"graph": document, "feedback": HOSTILE}
        add_evaluation(store, Evaluation(run.id, "k", "failure", task=HOSTILE, score=0.1,
                                         payload=payload, id="recorded")).result()  # fmt: skip
    return "recorded"


def test_only_what_parameters_reach_is_kept() -> None:
    whole = _graph()
    assert [node.operation.name for node in whole.calls] == ["shout", "join", "join"]
    kept = between(whole)
    assert [node.operation.name for node in kept.calls] == ["join", "join"]
    assert [kept.name_of(node) for node in kept.calls] == [
        whole.name_of(node) for node in whole.calls[1:]
    ]


def test_search_looks_into_values_descriptions_and_code() -> None:
    drawn = Drawn(_graph(), {"join": (0.6, "why")})
    names = [drawn.brief["nodes"][i]["name"] for i in drawn.search("two texts IN a row")]
    assert [name.rstrip("0123456789") for name in names] == ["join", "join"]
    assert {node.get("blame") for node in drawn.brief["nodes"]} == {None, 0.6}
    assert drawn.search("   ") == []


@pytest.mark.slow
def test_a_hostile_graph_is_drawn_walked_and_never_run(page: Any, recorded: str) -> None:
    page.goto("/graphs/")
    page.locator(f"a[href='/graphs/{recorded}']").click()
    page.wait_for_selector("html[data-ready]")
    page.locator("#graph").focus()
    page.keyboard.press("ArrowUp")  # the first key chooses the output
    page.wait_for_selector("aside blockquote")
    assert "60.0 %" in page.locator("aside").inner_text()
    output = page.locator("#graph").get_attribute("data-node")
    page.keyboard.press("ArrowUp")
    page.locator(f"#graph:not([data-node='{output}'])").wait_for()
    page.keyboard.press("+")
    page.keyboard.press("/")
    page.keyboard.type("question")
    page.locator("#hits", has_text=" of ").wait_for()
    page.keyboard.press("Enter")
    page.locator("aside h2", has_text="question").wait_for()
    for colour in ("blame", "said"):
        page.select_option("#colour", colour)
    assert "has feedback" in page.locator("#legend").inner_text()
    page.locator("#minimal").check()
    page.locator("aside h2", has_text="Overview").wait_for()
    page.locator("aside", has_text="2 calls").wait_for()
    assert page.evaluate("document.querySelectorAll('aside script, aside img').length") == 0

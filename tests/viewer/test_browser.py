"""The viewer in a real browser: clicks, live changes, a verdict, hostile texts, keys."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tracegraph.runs import Store, add_event, find_run, list_candidates, load_state
from tracegraph.training.review import Review
from tracegraph.viewer.exporting import export_run

pytestmark = pytest.mark.slow

_WRITER = """
import sys
from tracegraph.runs import Store, add_event
with Store(sys.argv[1]) as store:
    add_event(store, "budget", {"why": "written by " + sys.argv[3]}, run=sys.argv[2]).result()
"""


def _search(path: Path) -> str:
    with Store(path) as store:
        return find_run(store, "last", kind="optimize").id


def test_from_the_runs_to_the_diff_of_a_candidate(page: Any, store_path: Path) -> None:
    page.get_by_role("link", name="triage").click()
    page.wait_for_url("**/runs/*")
    assert page.locator("h1").inner_text() == "triage"
    page.get_by_role("link", name="Candidates").click()
    page.wait_for_url("**/candidates")
    names = page.locator("[data-entry]").all_inner_texts()
    with Store(store_path) as store:
        stored = {row.payload["name"] for row in list_candidates(store, _search(store_path))}
    assert set(names) == stored
    page.locator("li", has=page.locator(".chip.good")).locator("a").first.click()
    page.wait_for_url("**/candidates/*")
    assert page.locator("pre.diff .plus").count() > 0
    assert "e-value" in page.locator("#candidate").inner_text()


def test_what_another_process_writes_appears_by_itself(page: Any, store_path: Path) -> None:
    run = _search(store_path)
    page.goto(f"/runs/{run}/log")
    page.locator(".beat.on").wait_for()
    writer = [sys.executable, "-c", _WRITER, str(store_path), run, "another process"]
    subprocess.run(writer, check=True, timeout=120)
    page.get_by_text("written by another process").first.wait_for(timeout=20_000)


def test_a_person_approves(page: Any, store_path: Path, waiting: str) -> None:
    page.goto(f"/runs/{waiting}")
    assert page.locator(".chip.state").first.inner_text() == "waiting"
    candidate = page.locator("input[name=candidate]").get_attribute("value")
    page.locator("#reason").fill("reads well")
    with page.expect_response(lambda answer: answer.status == 303):
        page.get_by_role("button", name="Approve").click()
    page.get_by_text(f"{candidate} is approved").wait_for()
    with Store(store_path) as store:
        said = load_state(store, waiting, f"gate/{candidate}")
    assert said == {"approved": True, "reason": "reads well"}


def test_a_person_rejects_and_says_why(page: Any, store_path: Path, waiting: str) -> None:
    page.goto(f"/runs/{waiting}")
    candidate = page.locator("input[name=candidate]").get_attribute("value")
    page.locator("#reason").fill("it says <b>no</b> to everything")
    page.get_by_role("button", name="Reject").focus()
    page.keyboard.press("Enter")
    page.get_by_text(f"{candidate} is rejected").wait_for()
    assert page.locator("#reason").count() == 0
    with Store(store_path) as store:
        said = load_state(store, waiting, f"gate/{candidate}")
    assert said == {"approved": False, "reason": "it says <b>no</b> to everything"}


def test_two_runs_are_compared_by_clicks(page: Any, store_path: Path) -> None:
    run = _search(store_path)
    for box in page.locator("input[type=checkbox][name=run]").all():
        box.check()
    page.get_by_role("button", name="Compare the two that are marked").click()
    page.wait_for_url("**/compare?run=*&run=*")
    kinds = page.locator("#compared tr", has=page.locator("td", has_text="kind").first)
    told = kinds.first.locator("td").all_inner_texts()[1:]
    assert sorted(kind.split()[0] for kind in told) == ["eval", "optimize"]
    assert "seed, locked" in page.locator("#compared").inner_text()
    page.goto(f"/runs/{run}")
    page.get_by_role("link", name="Compare…").click()
    page.wait_for_url("**/compare?run=*")
    assert page.get_by_label("first run").input_value() == run
    page.get_by_label("second run").select_option(run)
    page.get_by_role("button", name="Compare", exact=True).click()
    page.locator("#compared", has_text="The same.").wait_for()


def test_a_candidate_with_two_parents_and_the_keys_of_the_tree(page: Any, store_path: Path) -> None:
    run = _search(store_path)
    with Store(store_path) as store:
        review = Review.of(store, run)
        child = next(
            c for c in review.candidates.values() if c.parent not in ("", review.seed.name)
        )
        other = next(c for c in review.candidates.values()
                     if c.name not in (child.name, child.parent, review.seed.name))  # fmt: skip
        merged = {"optimizer": child.optimizer, "values": dict(child.values),
                  "parents": [child.parent, other.name]}  # fmt: skip
        add_event(store, "proposal", merged, run=run).result()
    page.goto(f"/runs/{run}/candidates")
    row = page.locator("li", has=page.locator(".merged"))
    assert row.locator("[data-entry]").inner_text() == child.name
    assert row.locator(".merged a").inner_text() == other.name

    def focused() -> str:
        return str(page.evaluate("document.activeElement.textContent"))

    page.keyboard.press("j")
    assert focused() == review.seed.name
    page.keyboard.press("ArrowRight")
    assert review.candidates[focused()].parent == review.seed.name
    page.keyboard.press("ArrowLeft")
    assert focused() == review.seed.name
    while focused() != child.name:
        before = focused()
        page.keyboard.press("ArrowDown")
        assert focused() != before  # until it is reached
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert focused() in (child.name, child.parent)
    row.locator(".merged a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/candidates/{other.name}")
    page.goto(f"/runs/{run}/candidates/{child.name}")
    made_from = page.locator("section", has=page.locator("h2", has_text="Made from").first).first
    assert made_from.locator("a").all_inner_texts() == [child.parent, other.name]


def test_what_a_model_wrote_does_not_run(page: Any, store_path: Path) -> None:
    run = _search(store_path)
    with Store(store_path) as store:
        (failed,) = store.fetch("SELECT id FROM runs WHERE status = 'failed'")
        names = [row.payload["name"] for row in list_candidates(store, run)]
        exported = export_run(store, run, store_path.with_name("run.html"))
        other = export_run(store, failed[0], store_path.with_name("failed.html"))
    paths = ["/runs", f"/runs/{run}", f"/runs/{run}/candidates", f"/runs/{run}/log",
             f"/compare?run={run}&run={failed[0]}", f"/runs/{failed[0]}",
             f"/runs/{failed[0]}/log", "/runs?q=%3Cscript%3Ealert(1)%3C/script%3E",
             *(f"/runs/{run}/candidates/{name}" for name in names)]  # fmt: skip
    seen = 0
    for path in [*paths, exported.as_uri(), other.as_uri()]:
        page.goto(path)
        seen += "<script>alert" in page.locator("body").inner_text()
        assert page.locator("script:not([src])").count() == 0
        assert page.locator("img[src=x], [onerror], a[href^='javascript']").count() == 0
    assert seen >= 5  # it is there, as text


def test_the_keys(page: Any) -> None:
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    focused = "document.activeElement"
    first = page.locator("[data-entry]").first
    assert page.evaluate(f"{focused}.textContent") == first.text_content()
    assert page.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid"
    page.keyboard.press("ArrowDown")
    target = page.evaluate(f"{focused}.getAttribute('href')")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{target}")


def test_the_theme_is_kept(page: Any) -> None:
    page.locator("#theme").click()
    page.locator("#theme").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(20, 22, 26)"


def test_no_page_is_wider_than_a_phone(page: Any, store_path: Path) -> None:
    run = _search(store_path)
    with Store(store_path) as store:
        name = list_candidates(store, run)[-1].payload["name"]
        (graph,) = store.fetch("SELECT id FROM evaluations LIMIT 1")
    page.set_viewport_size({"width": 390, "height": 844})
    wide = {}
    for path in ("/runs", f"/runs/{run}", f"/runs/{run}/candidates", f"/runs/{run}/log",
                 f"/runs/{run}/candidates/{name}", f"/compare?run={run}&run={run}", "/episodes/",
                 "/graphs/", f"/graphs/{graph[0]}"):  # fmt: skip
        page.goto(path)
        wide[path] = page.evaluate("document.documentElement.scrollWidth")
    assert {path: width for path, width in wide.items() if width > 390} == {}

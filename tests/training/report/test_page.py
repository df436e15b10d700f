from __future__ import annotations

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.training.finished_run import HOSTILE, LONG_WORDS, FakeProposer, finish, make_trainer
from tracegraph import runs
from tracegraph.runs import Store
from tracegraph.training.report import page_of, write_report


class Elements(HTMLParser):
    """What a browser would make of a page: its elements, and the text in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    with Store(folder / "runs.db") as store:
        finish(folder, store)
    return folder / "runs.db"


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> Store:
    """Return a copy of the store of a finished run, to change at will."""
    (tmp_path / "runs.db").write_bytes(finished.read_bytes())
    return Store(tmp_path / "runs.db")


def change(store: Store, sql: str, *values: object) -> None:
    store.execute(sql, values).result()


def test_the_page_tells_the_run(store: Store) -> None:
    shown = Elements(page_of(store, "last")).text
    for expected in (
        "triage", "Proven better", "0.500", "1.000", "On 96 locked examples", LONG_WORDS,
        "urgency()", "e-value", "Blame", "Step 1", "Where it differs", "better", "expected now",
        "answers of models had the wrong form", "2 is too high", "tracegraph optimize",
        "--optimizer numeric", "examples evaluated",
    ):  # fmt: skip
        assert expected in shown, expected


def test_nothing_that_a_model_or_a_user_wrote_is_markup(store: Store) -> None:
    change(store, "UPDATE runs SET name = ?", HOSTILE)
    change(store, "INSERT INTO events (run, kind, created, payload) SELECT id, 'trouble', 1, ? "
           "FROM runs", json.dumps({"example": HOSTILE, "why": HOSTILE}))  # fmt: skip
    change(store, "UPDATE evaluations SET payload = json_set(payload, '$.feedback', ?, '$.output',"
           " ?)", HOSTILE, HOSTILE)  # fmt: skip
    page = Elements(page_of(store, "last"))
    assert page.text.count("<script>alert('x')</script>") > 10
    assert {tag for tag, _ in page.found} <= {
        "html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2",
        "h3", "h4", "p", "b", "small", "span", "div", "ul", "li", "code", "pre", "details",
        "summary", "table", "thead", "tbody", "tr", "th", "td", "input", "label", "svg", "line",
        "text", "circle", "g", "path", "rect", "iframe",
    }  # fmt: skip
    assert not any(key.startswith("on") for _, attributes in page.found for key in attributes)
    # The records are pages of their own, which see nothing of this one.
    frames = page.of("iframe")
    assert len(frames) == 2
    for frame in frames:
        assert frame["sandbox"] == "allow-scripts"
        inner = Elements(frame["srcdoc"] or "")
        assert not inner.of("img")
        assert [set(script) for script in inner.of("script")] == [{"type", "id"}, set()]


def test_the_policy_allows_only_the_style_and_the_drawing_of_graphs(store: Store) -> None:
    page = Elements(page_of(store, "last"))
    (policy,) = [m["content"] for m in page.of("meta") if "http-equiv" in m]
    rules = dict(rule.strip().split(" ", 1) for rule in (policy or "").split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in (policy or "")
    inner = Elements(page.of("iframe")[0]["srcdoc"] or "")
    (own,) = [m["content"] for m in inner.of("meta") if "http-equiv" in m]
    assert rules["script-src"] in (own or "")
    assert all("style" not in attributes for _, attributes in page.found)


def test_surrogates_and_control_characters_can_be_written(store: Store, tmp_path: Path) -> None:
    change(
        store,
        r"""UPDATE evaluations
        SET payload = json_set(payload, '$.output', json('"\ud800\u0000"'))""",
    )
    page = write_report(store, "last", tmp_path / "new" / "page.html")
    assert page.read_bytes().decode("utf-8")


@pytest.mark.parametrize(
    ("difference", "verdict", "words"),
    [
        ((0.1, -0.05, 0.25), "Better, not proven", "it may be chance"),
        ((-0.1, -0.2, 0.1), "The seed is kept", "so the seed is kept"),
    ],
)
def test_honest_wording(
    store: Store, difference: tuple[float, ...], verdict: str, words: str
) -> None:
    (run,) = runs.list_runs(store)
    proof = runs.load_state(store, run.id, "proof")
    proof["difference"] = {**dict(zip(("mean", "low", "high"), difference, strict=True)),
                           "count": 96}  # fmt: skip
    runs.save_state(store, run.id, "proof", proof).result()
    shown = Elements(page_of(store, "last")).text
    assert verdict in shown
    assert words in shown
    assert "Proven better" not in shown


def test_a_run_without_improvement(tmp_path: Path) -> None:
    with Store(tmp_path / "runs.db") as store:
        proposer = FakeProposer()
        proposer.changes = [{"threshold": 0.95}]
        finish(tmp_path, store, proposer)
        shown = Elements(page_of(store, "last")).text
    assert "The seed is kept" in shown
    assert "No change was shown to be better" in shown
    assert "What was changed" not in shown
    assert "One example, call by call" in shown


def test_a_run_that_ended_early(store: Store) -> None:
    change(store, "DELETE FROM state")
    change(store, "UPDATE runs SET status = 'failed', summary = '{\"error\": \"no more money\"}'")
    shown = Elements(page_of(store, "last")).text
    assert "Accepted, not yet proven" in shown
    assert "The run is failed (no more money)" in shown
    for table in ("decisions", "proposals", "evaluations"):
        change(store, f"DELETE FROM {table}")
    change(store, "DELETE FROM events WHERE kind <> 'started'")
    assert "No change was accepted so far" in Elements(page_of(store, "last")).text


def test_a_run_that_is_not_from_the_command_line(tmp_path: Path) -> None:
    with Store(tmp_path / "runs.db") as store:
        trainer = make_trainer(tmp_path, store, steps=1)
        trainer._config = {}
        trainer.train_sync()
        assert "To repeat it" in Elements(page_of(store, "last")).text


def test_the_page_is_written_by_another_process_alike(store: Store, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tracegraph.runs import Store; "
        "from tracegraph.training.report import write_report; "
        "write_report(Store(sys.argv[1]), 'last', Path(sys.argv[2]))"
    )
    other = tmp_path / "other.html"
    subprocess.run([sys.executable, "-c", code, str(store.path), str(other)], check=True)
    assert other.read_text() == page_of(store, "last")

"""The report: whole, and dead: nothing of a cell can run in it."""

from __future__ import annotations

import html.parser
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tracegraph.envs.notebook import write_report
from tracegraph.envs.notebook.document import Document
from tracegraph.envs.notebook.outputs import Ran
from tracegraph.envs.notebook.text import cut, plain

ATTACK = "</pre></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'<svg/onload=x>"


class Reader(html.parser.HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def report(folder: Path, text: str) -> str:
    document = Document(text or "?", None)
    document.text(text, "thought")
    cell = document.code(text)
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": text},
        {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]},
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": text}},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": "AAAA" + text}},
        {"output_type": "execute_result", "metadata": {}, "execution_count": 1,
         "data": {"text/plain": text, "image/png": "iVBORw0KGgo="}},
    ]  # fmt: skip
    document.ran(cell, Ran("idle", outputs, 1), text)
    path = write_report(
        folder / "r.html", title=text, notebook=document.node, answer=text, cost={text: text}
    )
    return path.read_text("utf-8")


def test_nothing_that_a_cell_printed_is_markup(tmp_path: Path) -> None:
    page = report(tmp_path, ATTACK)
    reader = Reader()
    reader.feed(page)
    assert not reader.tags & {"script", "svg", "iframe", "object", "link", "a", "form"}
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    sources = [value for name, value in reader.attributes if name in ("src", "href")]
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "default-src 'none'" in page
    assert reader.text.count("alert(1)") >= 6  # it is shown, as text


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_any_text_can_be_reported(tmp_path_factory: object, text: str) -> None:
    folder = tmp_path_factory.mktemp("report")  # type: ignore[attr-defined]
    reader = Reader()
    reader.feed(report(folder, text))
    assert "script" not in reader.tags


@given(st.text(alphabet="ab\r\n\x1b[31m", max_size=200), st.integers(100, 300))
def test_bounds_of_text_hold(text: str, most: int) -> None:
    assert "\r" not in plain(text)
    assert len(cut(text * 9, most)) <= most

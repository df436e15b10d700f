"""A notebook episode as one HTML page in which nothing that a cell printed can run."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracegraph.envs.notebook.document import write_whole
from tracegraph.envs.notebook.text import plain, png_of

_CSS = Path(__file__).with_name("report.css")
# No scripts at all, pictures only from the page itself, no way out.
_CSP = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)


def write_report(
    path: Path, *, title: str, notebook: Any, answer: str, cost: Mapping[str, Any]
) -> Path:
    """Write the page and return its path. ``cost`` is shown as it is, name by name.

    Cells' HTML, SVG and scripts are left out; their text and PNG pictures are shown, escaped.
    """
    body = [_cell(cell) for cell in notebook["cells"] if "answer" not in _tags(cell)]
    facts = "".join(f"<div><dt>{_e(k)}</dt><dd>{_e(v)}</dd></div>" for k, v in cost.items())
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_CSP}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_e(title)}</title>\n<style>\n{_CSS.read_text('utf-8')}</style></head>\n"
        "<body><main>\n"
        f"<header><h1>{_e(title)}</h1>{f'<dl>{facts}</dl>' if facts else ''}</header>\n"
        f'<section class="answer"><h2>Answer</h2><p>{_e(answer) or "(none)"}</p></section>\n'
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )
    write_whole(Path(path), page)
    return Path(path)


def _cell(cell: Any) -> str:
    if cell["cell_type"] != "code":
        kind = (_tags(cell) or ["thought"])[0]
        label = {"question": "Question", "thought": "Thought"}.get(kind, "Note")
        return f'<section class="{_e(kind)}"><h2>{label}</h2><p>{_e(cell["source"])}</p></section>'
    number = cell.get("execution_count")
    seconds = cell["metadata"].get("seconds")
    took = f"{float(seconds):.2f} s" if isinstance(seconds, int | float) else "not finished"
    outputs = "".join(_output(output) for output in cell["outputs"])
    failed = any(output["output_type"] == "error" for output in cell["outputs"])
    return (
        f'<section class="cell{" failed" if failed else ""}">'
        f"<h2>Cell {_e(number or '')}<small>{took}</small></h2>"
        f'<pre class="code">{_code(cell["source"])}</pre>'
        f'{f"""<div class="outputs">{outputs}</div>""" if outputs else ""}</section>'
    )


def _output(output: Any) -> str:
    kind = output["output_type"]
    if kind == "stream":
        name = "stderr" if output["name"] == "stderr" else "stdout"
        return f'<pre class="{name}">{_e(plain(output["text"]).rstrip())}</pre>'
    if kind == "error":
        return f'<pre class="error">{_e(plain(chr(10).join(output["traceback"])))}</pre>'
    data = output["data"]
    text = plain(str(data.get("text/plain") or data.get("text/markdown") or ""))
    png = png_of(data)
    if not png:
        return f'<pre class="result">{_e(text)}</pre>'
    source = base64.b64encode(png).decode("ascii")
    return (
        f'<figure><img alt="{_e(text)}" src="data:image/png;base64,{source}">'
        f"<figcaption>{_e(text)}</figcaption></figure>"
    )


def _code(source: str) -> str:
    try:
        from pygments.lexers.python import PythonLexer  # type: ignore[import-untyped]
        from pygments.token import STANDARD_TYPES  # type: ignore[import-untyped]
    except ImportError:
        return _e(source)
    shown = []
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source):
        name = STANDARD_TYPES.get(kind, "")
        shown.append(
            f'<i class="{name}">{_e(text)}</i>' if name not in ("", "n", "w", "p") else _e(text)
        )
    return "".join(shown)


def _tags(cell: Any) -> list[str]:
    tags = cell["metadata"].get("tags")
    return [str(tag) for tag in tags] if isinstance(tags, list) else []


def _e(value: object) -> str:
    return html.escape(str(value), quote=True)

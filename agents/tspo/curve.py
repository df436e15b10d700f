"""A training as a page: curves and a table. No scripts, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tracegraph.agents.tspo.measure import Measured
from tracegraph.training.report.markup import Markup, join, table, tag

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 640, 260, 44, 30
_COLOURS = ("#2563eb", "#dc2626", "#16a34a", "#9333ea", "#ea580c")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; color: #1f2937; }
table { border-collapse: collapse; } td, th { padding: .3rem .7rem; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr + tr td { border-top: 1px solid #e5e7eb; } .note { color: #6b7280; }
svg { max-width: 100%; } svg text { font: 12px system-ui, sans-serif; fill: #4b5563; }
"""
Series = Mapping[str, Sequence[tuple[float, float]]]


def plot(series: Series, across: str) -> Markup:
    """Return curves with values from 0 to 1 as SVG.

    Args:
        series: points (x, y) by name.
        across: what the horizontal axis is.
    """
    last = max((x for points in series.values() for x, _ in points), default=1.0) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        inner = _HEIGHT - _BOTTOM - 10
        return _LEFT + x / last * (_WIDTH - _LEFT - 150), 10 + (1 - min(1.0, y)) * inner

    drawn: list[Markup] = []
    for level in (0.0, 0.25, 0.5, 0.75, 1.0):
        (x0, y), (x1, _) = place(0, level), place(last, level)
        drawn.append(tag("line", x1=x0, x2=x1, y1=y, y2=y, stroke="#e5e7eb"))
        drawn.append(tag("text", f"{level:g}", x=x0 - 6, y=y + 4, text_anchor="end"))
    for share in (0.0, 0.5, 1.0):
        x, y = place(last * share, 0)
        drawn.append(tag("text", f"{last * share:.0f}", x=x, y=y + 16, text_anchor="middle"))
    x, y = place(last, 0)
    drawn.append(tag("text", across, x=x + 12, y=y + 16))
    for number, (name, points) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in (place(x, y) for x, y in points))
        drawn.append(tag("polyline", points=path, fill="none", stroke=colour, stroke_width=2))
        left = _WIDTH - 140
        drawn.append(tag("rect", x=left, y=14 + 20 * number, width=10, height=10, fill=colour))
        drawn.append(tag("text", name, x=left + 16, y=23 + 20 * number))
    return tag(
        "svg", *drawn, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        width=_WIDTH, height=_HEIGHT, role="img",
    )  # fmt: skip


def curves(log: Sequence[Mapping[str, Any]], smooth: int = 10) -> dict[str, Markup]:
    """Return the curves of a log: of training (means over some steps) and of held-out questions."""
    steps = [line for line in log if "reward" in line]
    train: dict[str, list[tuple[float, float]]] = {}
    for name, told in (
        ("answer right", "answer"),
        ("frames in target", "temporal"),
        ("groups all alike", "zero_variance"),
    ):
        points = []
        for start in range(0, len(steps), smooth):
            part = steps[start : start + smooth]
            mean = sum(line[told] for line in part) / len(part)
            points.append((float(part[-1]["step"]), mean))
        train[name] = points
    held: dict[str, list[tuple[float, float]]] = {}
    for line in log:
        if "held_out" in line:
            for name in ("precision", "accuracy"):
                held.setdefault(f"{line['held_out']}: {name}", []).append(
                    (float(line["step"]), line[name])
                )
    return {
        "Training": plot(train, "steps"),
        "Held-out questions": plot(held, "steps"),
    }


def table_of(compared: Mapping[str, Mapping[str, Measured]]) -> Markup:
    """Return selectors side by side."""
    head = [
        "Held out", "Selector", "Precision@k", "Recall@k", "Passages found", "Answers right",
        "Seen, not guessed", "Questions",
    ]  # fmt: skip
    rows: list[list[object]] = [
        [
            part, name, f"{found.precision:.3f}", f"{found.recall:.3f}",
            f"{found.span_recall:.3f}", f"{found.accuracy:.3f}", f"{found.seen:.3f}",
            str(found.questions),
        ]
        for part, rows in compared.items()
        for name, found in rows.items()
    ]  # fmt: skip
    return table(head, rows)


def write_page(
    folder: Path,
    log: Sequence[Mapping[str, Any]],
    compared: Mapping[str, Mapping[str, Measured]],
    settings: Mapping[str, Any],
) -> Path:
    """Write ``curve-*.svg`` and ``report.html`` and return the page."""
    drawn = curves(log)
    for name, svg in drawn.items():
        (folder / f"curve-{name.split()[0].lower()}.svg").write_text(svg)
    seconds = max((line["seconds"] for line in log if "seconds" in line), default=0.0)
    told = ", ".join(f"{key} {_short(value)}" for key, value in settings.items())
    body = join(
        [
            tag("h1", "TSPO: a head trained by the rewards of its frames"),
            tag("p", f"{seconds:.0f} s of training. {told}.", class_="note"),
            *(tag("section", tag("h2", name), svg) for name, svg in drawn.items()),
            tag("h2", "Selectors on held-out questions"),
            tag(
                "p",
                "Clips: other clips of events that training asked about. Events: combinations of "
                "colour and shape that training never asked about. Overview: how often something "
                "comes up, and what comes up first. Rendered videos; the answers "
                "are those of a colour and shape detector that looks at the chosen frames, no "
                "language model. Guesses are right one time in four, of what comes first in two.",
                class_="note",
            ),
            table_of(compared),
        ]
    )
    top = tag(
        "head", tag("meta", charset="utf-8"), tag("title", "TSPO"), tag("style", Markup(_STYLE))
    )
    page = folder / "report.html"
    page.write_text("<!doctype html>" + tag("html", top, tag("body", body), lang="en"))
    return page


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return " to ".join(f"{part:g}" for part in value.values())
    return f"{value:g}" if isinstance(value, float) else str(value)

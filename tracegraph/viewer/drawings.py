"""Lines and points over steps, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tracegraph.training.report.markup import Markup, join, tag
from tracegraph.viewer.marks import amount

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _BOTTOM, _TOP = 460, 180, 54, 14, 28, 12

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Series:
    """Something that was measured over steps.

    Attributes:
        name: what the legend says.
        points: (x, y), x ascending.
        hue: 1 to 4, which colour.
        look: a line, a thin line behind others, or points.
    """

    name: str
    points: Points
    hue: int = 1
    look: Literal["line", "thin", "dots"] = "line"


def line_drawing(points: Points, across: str, up: str) -> Markup:
    """Return a line through (x, y) with both axes from 0; empty with fewer than two points."""
    if len(points) < 2:
        return Markup("")
    return plot([Series("", points)], across, up)


def panel(title: str, series: Sequence[Series], across: str) -> Markup:
    """Return a drawing with a title, and a legend with the last values; empty without points."""
    drawn = [one for one in series if one.points]
    if not any(len(one.points) > 1 or one.look == "dots" for one in drawn):
        return Markup("")
    legend = [
        tag("span", tag("i", class_=f"key {one.look} hue-{one.hue}"), one.name, " ",
            tag("b", f"{one.points[-1][1]:.4g}"))
        for one in drawn if one.name
    ]  # fmt: skip
    head = tag("figcaption", tag("h3", title), tag("p", *legend, class_="legend-of"))
    return tag("figure", head, plot(drawn, across, title), class_="panel")


def plot(series: Sequence[Series], across: str, label: str) -> Markup:
    """Return the drawing alone; the axes begin at 0, or below where values do."""
    every = [y for one in series for _, y in one.points]
    right = max([x for one in series for x, _ in one.points]) or 1.0
    low, high = min(0.0, *every), max(0.0, *every)
    high = high if high > low else low + 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            round(_LEFT + x / right * (_WIDTH - _LEFT - _RIGHT), 1),
            round(_HEIGHT - _BOTTOM - (y - low) / (high - low) * (_HEIGHT - _BOTTOM - _TOP), 1),
        )

    marks = []
    for share in (0.0, 0.5, 1.0):
        value = low + share * (high - low)
        y = place(0, value)[1]
        marks.append(tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid"))
        marks.append(tag("text", _tick(value), x=_LEFT - 8, y=y + 4, class_="tick end"))
    if low < 0 < high:
        y = place(0, 0)[1]
        marks.append(tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid zero"))
    end = tag("text", f"{right:g} {across}", x=_WIDTH - _RIGHT, y=_HEIGHT - 8, class_="tick end")
    return tag(
        "svg", *marks, *(_drawn(one, place, across) for one in series), end,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=f"{label} over {across}",
        class_="curve shown",
    )  # fmt: skip


def _drawn(one: Series, place: object, across: str) -> Markup:
    assert callable(place)
    at = [(place(x, y), x, y) for x, y in one.points]
    if one.look == "dots" or len(at) == 1:
        return join(
            tag("circle", tag("title", f"{one.name} after {x:g} {across}: {y:.4g}"), cx=cx, cy=cy,
                r=4, class_=f"dot-of hue-{one.hue}")
            for (cx, cy), x, y in at
        )  # fmt: skip
    path = "M" + "L".join(f"{cx} {cy}" for (cx, cy), _, _ in at)
    return tag("path", d=path, class_=f"line {one.look} hue-{one.hue}")


def _tick(value: float) -> str:
    return amount(float(f"{value:.3g}")) if value >= 0 else f"{value:.3g}"

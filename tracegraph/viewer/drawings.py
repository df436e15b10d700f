"""Lines over steps, as SVG."""

from __future__ import annotations

from collections.abc import Sequence

from tracegraph.training.report.markup import Markup, tag
from tracegraph.viewer.marks import amount

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 900, 180, 56, 30, 12


def line_drawing(points: Sequence[tuple[float, float]], across: str, up: str) -> Markup:
    """Return a line through (x, y) with both axes from 0; empty with fewer than two points."""
    if len(points) < 2:
        return Markup("")
    right, top = max(x for x, _ in points) or 1.0, max(y for _, y in points) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            round(_LEFT + x / right * (_WIDTH - _LEFT - 20), 1),
            round(_HEIGHT - _BOTTOM - max(0.0, y) / top * (_HEIGHT - _BOTTOM - _TOP), 1),
        )

    marks = []
    for share in (0, 0.5, 1):
        y = place(0, top * share)[1]
        marks.append(tag("line", x1=_LEFT, x2=_WIDTH - 20, y1=y, y2=y, class_="grid"))
        marks.append(tag("text", amount(float(f"{top * share:.3g}")), x=_LEFT - 8, y=y + 4,
                         class_="tick end"))  # fmt: skip
    ends = [tag("text", f"{right:g} {across}", x=_WIDTH - 20, y=_HEIGHT - 8, class_="tick end")]
    path = "M" + "L".join(f"{x} {y}" for x, y in (place(*point) for point in points))
    return tag(
        "svg", *marks, tag("path", d=path, class_="line"), *ends,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=f"{up} over {across}",
        class_="curve shown",
    )  # fmt: skip

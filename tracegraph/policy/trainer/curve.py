"""The curves of a training as one SVG picture, drawn from its log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracegraph.policy.trainer.log import read

_WIDTH, _HEIGHT = 860, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 30, 28
_STYLE = (
    "text{font:12px sans-serif;fill:#333}.title{font-weight:bold}.grid{stroke:#ddd}"
    ".a{stroke:#2563eb;fill:none;stroke-width:1.5}.b{stroke:#d97706;fill:none;stroke-width:1.5}"
    ".thin{stroke:#2563eb;fill:none;opacity:.3}.dot{fill:#d97706}.held{fill:#15803d}"
)


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]]
    dots: Sequence[tuple[str, Sequence[tuple[float, float]]]] = ()


def draw_curve(log: Path, title: str) -> str:
    """Return the picture: reward and accuracy, loss, entropy, mismatch and clipped tokens."""
    lines = read(log)
    steps = [line for line in lines if line["event"] == "step"]
    looked = [line for line in lines if line["event"] in ("evaluation", "end")]
    reward = _points(steps, "reward")
    panels = [
        _Panel(
            f"{title}: reward of samples (line: mean of 5), greedy accuracy: check (orange), "
            "held out (green)",
            [("thin", reward), ("a", _smooth(reward))],
            [("dot", _points(looked, "check")), ("held", _points(looked, "held_out"))],
        ),
        _Panel("loss", [("a", _points(steps, "loss"))]),
        _Panel("entropy a token", [("a", _points(steps, "entropy"))]),
        _Panel(
            "sampler and trainer apart, mean a token (blue); share of clipped tokens (orange)",
            [("a", _points(steps, "mismatch")), ("b", _points(steps, "clipped"))],
        ),
    ]
    last = max([1.0, *(float(line["step"]) for line in lines)])
    body = "".join(
        f'<g transform="translate(0,{i * _HEIGHT})">{_drawn(panel, last)}</g>'
        for i, panel in enumerate(panels)
    )
    height = _HEIGHT * len(panels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'role="img"><style>{_STYLE}</style><rect width="{_WIDTH}" height="{height}" '
        f'fill="white"/>{body}</svg>\n'
    )


def _points(lines: Sequence[dict[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(float(line["step"]), float(line[name])) for line in lines if name in line]


def _smooth(points: Sequence[tuple[float, float]], width: int = 5) -> list[tuple[float, float]]:
    made = []
    for place, (step, _) in enumerate(points):
        some = [value for _, value in points[max(0, place - width + 1) : place + 1]]
        made.append((step, sum(some) / len(some)))
    return made


def _drawn(panel: _Panel, last: float) -> str:
    every = [v for _, points in [*panel.lines, *panel.dots] for _, v in points] or [0.0]
    low, high = min(0.0, *every), max(*every, 1e-9)
    span = high - low

    def x(step: float) -> float:
        return round(_LEFT + step / last * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        return round(_HEIGHT - _BOTTOM - (value - low) / span * (_HEIGHT - _TOP - _BOTTOM), 1)

    made = [f'<text class="title" x="{_LEFT}" y="18">{_escaped(panel.title)}</text>']
    for share in (0.0, 0.5, 1.0):
        value = low + share * span
        made.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value)}" '
            f'y2="{y(value)}"/><text x="{_LEFT - 8}" y="{y(value) + 4}" '
            f'text-anchor="end">{value:.3g}</text>'
        )
    made.append(
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{last:g} steps</text>'
    )
    made += [_line(name, points, x, y) for name, points in panel.lines if points]
    for name, points in panel.dots:
        made += [f'<circle class="{name}" r="4" cx="{x(s)}" cy="{y(v)}"/>' for s, v in points]
    return "".join(made)


def _line(
    name: str,
    points: Sequence[tuple[float, float]],
    x: Callable[[float], float],
    y: Callable[[float], float],
) -> str:
    path = " ".join(f"{x(step)},{y(value)}" for step, value in points)
    return f'<polyline class="{name}" points="{path}"/>'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")

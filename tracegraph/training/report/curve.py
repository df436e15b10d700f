"""Scores over steps, time and tokens, as drawings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tracegraph.training.report.markup import Markup, join, section, tag
from tracegraph.training.review import Review

_WIDTH, _HEIGHT = 900, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 18, 14, 40
_ABOUT = (
    "Each point is a candidate on training examples; hollow ones were only screened on a "
    "minibatch. The line is the proven one."
)


@dataclass(frozen=True, slots=True)
class _Point:
    """A candidate that was tried, or the moment of an acceptance."""

    name: str
    score: float
    step: float
    seconds: float
    tokens: float
    whole: bool
    words: str


def curve(review: Review) -> Markup:
    """Return the drawings, one to look at a time."""
    points, line = _read(review)
    if not line:
        return Markup("")
    axes = [("step", "steps"), ("seconds", "time"), ("tokens", "tokens")]
    spent = {name: max(getattr(p, name) for p in [*points, *line]) for name, _ in axes}
    shown = [(name, label) for name, label in axes if spent[name] > 0] or axes[:1]
    controls = []
    for i, (name, _) in enumerate(shown):
        controls.append(tag("input", type="radio", name="axis", id=f"over-{name}", checked=i == 0))
    labels = [tag("label", label, for_=f"over-{name}") for name, label in shown]
    drawings = [_drawing(points, line, name, label, spent[name]) for name, label in shown]
    return section(
        "Scores",
        tag("div", *controls, tag("p", "over ", *labels, class_="axes"), *drawings, class_="tabs"),
        note=_ABOUT,
    )


def _read(review: Review) -> tuple[list[_Point], list[_Point]]:
    """Return the candidates, and the proven one whenever it changed and at the end."""
    points: list[_Point] = []
    line: list[_Point] = []
    step, within, probe = 0, 0, 0
    last = (0.0, 0.0)
    tried = Counter(c.step for c in review.candidates.values())
    # A budget counts seconds from its first use, and a run without models makes none.
    counted = any(event.payload.get("spent", {}).get("seconds") for event in review.events)
    for event in review.events:
        told = event.payload
        took = told.get("spent", {"tokens": last[1], "seconds": last[0]})
        since = event.created - review.run.started
        now = float(took["seconds"]) if counted else since, float(took["tokens"])
        last = now
        if event.kind == "started":
            probe = told["probe"]
        elif event.kind == "step":
            step, within = told["number"], 0
        elif event.kind == "baseline":
            line.append(_Point(told["candidate"], told["score"], 0, *now, True, "the seed"))
        elif event.kind == "tried" and math.isfinite(told["score"]):
            within += 1
            words = f"{told['optimizer']}, {told['what']}"
            # Side by side between the step before and this one.
            place = step - 1 + within / (tried[step] + 1)
            whole = told["examples"] >= probe
            points.append(_Point(told["candidate"], told["score"], place, *now, whole, words))
        elif event.kind == "accepted" and line:
            mean = review.candidates[told["candidate"]].mean("train") or 0.0
            line.append(_Point(told["candidate"], mean, step, *now, True, "accepted"))
    if line:
        end = line[-1]
        line.append(_Point(end.name, end.score, step, *last, True, "the end"))
    return points, line


def _drawing(
    points: list[_Point], line: list[_Point], axis: str, label: str, largest: float
) -> Markup:
    scores = [p.score for p in [*points, *line]]
    low, high = min(scores), max(scores)
    margin = max(0.02, (high - low) * 0.08)
    low, high = max(0.0, low - margin), min(1.0, high + margin)

    def x(point: _Point) -> float:
        share = float(getattr(point, axis)) / (largest or 1)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(score: float) -> float:
        share = (score - low) / ((high - low) or 1)
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)

    path = f"M{x(line[0])} {y(line[0].score)}"
    path += "".join(f"H{x(p)}V{y(p.score)}" for p in line[1:])
    dots = [
        tag(
            "circle",
            tag("title", f"{p.name}: {p.score:.3f}, {p.words}"),
            cx=x(p),
            cy=y(p.score),
            r=5 if p.whole else 3.5,
            class_="whole" if p.whole else "screened",
        )
        for p in points
    ]
    accepted = [
        tag(
            "circle",
            tag("title", f"{p.name}: {p.score:.3f}, {p.words}"),
            cx=x(p), cy=y(p.score), r=4.5, class_="proven",
        )
        for p in line[:-1]
    ]  # fmt: skip
    return tag(
        "svg",
        _grid(low, high, y),
        _ticks(largest, axis),
        tag("path", d=path, class_="line"),
        join(dots),
        join(accepted),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=f"scores of {len(points)} candidates over {label}",
        class_=f"curve over-{axis}",
    )


def _grid(low: float, high: float, y: Callable[[float], float]) -> Markup:
    made = []
    for value in _round_steps(low, high, 5):
        made.append(tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y(value), y2=y(value),
                        class_="grid"))  # fmt: skip
        made.append(tag("text", f"{value:.3g}", x=_LEFT - 8, y=y(value) + 4, class_="tick end"))
    return join(made)


def _ticks(largest: float, axis: str) -> Markup:
    made = []
    for value in _round_steps(0, largest, 8):
        if axis == "step" and value != int(value):
            continue
        x = round(_LEFT + value / (largest or 1) * (_WIDTH - _LEFT - _RIGHT), 1)
        made.append(tag("text", _amount(value, axis), x=x, y=_HEIGHT - _BOTTOM + 22, class_="tick"))
    return join(made)


def _amount(value: float, axis: str) -> str:
    if axis == "seconds":
        return f"{value:g} s" if value < 120 else f"{value / 60:g} min"
    if axis == "tokens" and value >= 1000:
        return f"{value / 1000:g}k"
    return f"{value:g}"


def _round_steps(low: float, high: float, most: int) -> list[float]:
    """Return round values between two bounds, at most about ``most`` of them."""
    raw = (high - low) / most or 1.0
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]

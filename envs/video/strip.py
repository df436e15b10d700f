"""A page that shows which frames of a video were chosen, and why. No scripts, no network."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracegraph.envs.video.clock import Span, clock
from tracegraph.envs.video.frame import Frame
from tracegraph.training.report.markup import Markup, join, tag

_WIDTH, _HEIGHT, _AXIS = 960, 150, 22
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 62rem; padding: 0 1rem;
  color: #1f2937; }
h1 { font-size: 1.3rem; } .note { color: #6b7280; } .warn { color: #b45309; }
.frames { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: .8rem; }
figure { margin: 0; } figure img { width: 100%; border-radius: 4px; display: block;
  outline: 3px solid transparent; }
figure.hit img { outline-color: #16a34a; } figure.untrusted img { outline: 3px dashed #b45309; }
figcaption { font-size: 13px; color: #4b5563; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: #4b5563; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { color: #6b7280; } dd { margin: 0; }
"""


@dataclass(frozen=True, slots=True)
class Strip:
    """What the page shows.

    Attributes:
        title: usually the file's name.
        question, answer: texts.
        seconds: of the video.
        frames: the chosen ones.
        times, scores: of all candidates; no scores, no curve.
        spans: where the answer is, when that is known.
        facts: what else to say, as (name, text).
        warning: such as damage.
    """

    title: str
    question: str
    answer: str
    seconds: float
    frames: Sequence[Frame]
    times: Sequence[float] = ()
    scores: Sequence[float] = ()
    spans: Sequence[Span] = ()
    facts: Sequence[tuple[str, str]] = ()
    warning: str = ""


def write_strip(path: Path, strip: Strip) -> None:
    """Write the page."""
    facts = [("Question", strip.question), ("Answer", strip.answer or "none"), *strip.facts]
    listed = tag("dl", *(join([tag("dt", name), tag("dd", text)]) for name, text in facts))
    body = join(
        [
            tag("h1", strip.title),
            listed,
            tag("p", strip.warning, class_="warn") if strip.warning else None,
            _time_line(strip),
            tag("p", _legend(strip), class_="note"),
            tag("div", *(_figure(strip, frame) for frame in strip.frames), class_="frames"),
        ]
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        Markup('<meta name="viewport" content="width=device-width">'),
        tag("title", strip.title),
        tag("style", Markup(_STYLE)),
    )
    page = "<!doctype html>" + tag("html", head, tag("body", body), lang="en")
    path.write_text(page, encoding="utf-8")


def _legend(strip: Strip) -> str:
    told = [f"{len(strip.frames)} frames of {clock(strip.seconds)}; lines mark them"]
    if strip.scores:
        told.append("the curve is the score of each candidate")
    if strip.spans:
        told.append("green is where the answer is")
    return ", ".join(told) + "."


def _time_line(strip: Strip) -> Markup:
    total = max(strip.seconds, 1e-6)

    def across(time_s: float) -> float:
        return round(time_s / total * _WIDTH, 1)

    high = _HEIGHT - _AXIS
    parts = [tag("rect", x=0, y=0, width=_WIDTH, height=high, fill="#f3f4f6")]
    for span in strip.spans:
        wide = across(span.end) - across(span.start)
        parts.append(
            tag("rect", x=across(span.start), y=0, width=wide, height=high, fill="#bbf7d0")
        )
    for frame in strip.frames:
        x = across(frame.ref.time_s)
        parts.append(tag("line", x1=x, x2=x, y1=0, y2=high, stroke="#f59e0b", stroke_width=2))
    if strip.scores:
        low, top = min(strip.scores), max(strip.scores)
        size = (top - low) or 1.0
        points = " ".join(
            f"{across(time_s)},{high - 6 - (score - low) / size * (high - 12):.1f}"
            for time_s, score in zip(strip.times, strip.scores, strict=True)
        )
        parts.append(
            tag("polyline", points=points, fill="none", stroke="#2563eb", stroke_width=1.5)
        )
        parts.append(tag("text", f"{top:.3f}", x=4, y=13))
        parts.append(tag("text", f"{low:.3f}", x=4, y=high - 4))
    for number in range(5):
        anchor = "start" if number == 0 else "end" if number == 4 else "middle"
        parts.append(
            tag(
                "text", clock(total * number / 4), x=_WIDTH * number / 4, y=_HEIGHT - 6,
                text_anchor=anchor,
            )
        )  # fmt: skip
    return tag("svg", *parts, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img")


def _figure(strip: Strip, frame: Frame) -> Markup:
    time_s = frame.ref.time_s
    encoded = base64.b64encode(frame.jpeg()).decode("ascii")
    kinds = [
        "hit" if any(time_s in span for span in strip.spans) else "",
        "" if frame.ref.trusted else "untrusted",
    ]
    told = clock(time_s)
    if strip.scores:
        place = min(range(len(strip.times)), key=lambda n: abs(strip.times[n] - time_s))
        told += f" · {strip.scores[place]:.3f}"
    return tag(
        "figure",
        tag("img", src=f"data:image/jpeg;base64,{encoded}", alt=f"frame at {clock(time_s)}"),
        tag("figcaption", told),
        class_=" ".join(filter(None, kinds)) or None,
    )

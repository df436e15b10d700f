"""Screenshots with what was done on them, and strips of frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracegraph.runs import Store
from tracegraph.training.report.markup import Markup, clipped, tag
from tracegraph.viewer.episodes.pictures import size_of
from tracegraph.viewer.episodes.wording import number

_MARKED = {"click", "move", "scroll", "mouse_down", "mouse_up"}


def screen(store: Store, hash: Any, caption: str, actions: Any = ()) -> Markup:
    """Return a screenshot, the places of the actions drawn on it; empty when it is not stored."""
    size = size_of(store, hash)
    if size is None:
        return Markup("")
    source = f"/episodes/blobs/{hash}"
    width, height = size
    if not width:
        shown = tag("img", src=source, alt=caption, loading="lazy")
    else:
        marks = [mark for one in actions if isinstance(one, dict) for mark in _marks(one, width)]
        shown = tag(
            "svg",
            tag("image", href=source, width=width, height=height),
            *marks,
            viewBox=f"0 0 {width} {height}", class_="screen", role="img", aria_label=caption,
        )  # fmt: skip
    return tag(
        "figure",
        tag("button", shown, type="button", class_="enlarge", aria_label=f"Enlarge: {caption}"),
        tag("figcaption", caption),
    )


def _marks(action: dict[str, Any], width: int) -> list[Markup]:
    unit = max(1.0, width / 640)
    if action.get("action") == "drag":
        ends = [_whole(action.get(name)) for name in ("x1", "y1", "x2", "y2")]
        x1, y1, x2, y2 = ends
        return [
            tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke_width=3 * unit, class_="mark"),
            tag("circle", cx=x2, cy=y2, r=7 * unit, stroke_width=3 * unit, class_="mark"),
        ]
    if action.get("action") not in _MARKED or "x" not in action or "y" not in action:
        return []
    x, y = _whole(action["x"]), _whole(action["y"])
    return [
        tag("circle", cx=x, cy=y, r=16 * unit, stroke_width=3 * unit, class_="mark"),
        tag("circle", cx=x, cy=y, r=3 * unit, class_="mark point"),
    ]


def _whole(value: Any) -> float:
    return value if isinstance(value, (int, float)) and abs(value) < 1e6 else 0


def strip(store: Store, frames: Any, found: Sequence[Any] = ()) -> Markup:
    """Return frames side by side, each with its time; those that are not stored as their time.

    Args:
        store: holds the pictures.
        frames: as they were recorded.
        found: for each frame the boxes that were found in it, (left, top, right, bottom) in
            pixels of the picture.
    """
    if not isinstance(frames, list):
        return Markup("")
    pieces = []
    for place, frame in enumerate(frames[:200]):
        if not isinstance(frame, dict):
            continue
        time_s = frame.get("time_s")
        shown = f"{time_s:.1f} s" if isinstance(time_s, (int, float)) else ""
        name = frame.get("blob")
        size = size_of(store, name)
        if size is None:
            pieces.append(tag("span", shown, class_="frame missing"))
            continue
        source = f"/episodes/blobs/{name}"
        boxes = _rectangles(found[place] if place < len(found) else None, *size)
        if boxes:
            picture = tag(
                "svg", tag("image", href=source, width=size[0], height=size[1]), *boxes,
                viewBox=f"0 0 {size[0]} {size[1]}", role="img",
                aria_label=f"frame at {shown}, {len(boxes)} found",
            )  # fmt: skip
        else:
            picture = tag("img", src=source, alt=f"frame at {shown}", loading="lazy")
        button = tag("button", picture, type="button", class_="enlarge")
        pieces.append(tag("span", button, tag("small", shown), class_="frame"))
    return tag("div", *pieces, class_="strip") if pieces else Markup("")


def _rectangles(boxes: Any, width: int, height: int) -> list[Markup]:
    """Return boxes as drawings; none where they are of another picture than the stored one."""
    made = []
    for box in boxes[:50] if isinstance(boxes, list) else []:
        if not isinstance(box, list) or len(box) != 4:
            continue
        left, top, right, bottom = map(_whole, box)
        if not (0 <= left <= right <= width + 1 and 0 <= top <= bottom <= height + 1):
            return []
        made.append(tag("rect", x=left, y=top, width=right - left, height=bottom - top,
                        stroke_width=max(1.5, width / 110), class_="mark box"))  # fmt: skip
    return made


def curve(times: Any, scores: Any) -> Markup:
    """Return the relevance of each candidate frame as a curve, the chosen times marked."""
    if not isinstance(scores, list) or len(scores) < 2:
        return Markup("")
    values = [float(s) if isinstance(s, (int, float)) else 0.0 for s in scores[:5000]]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = 1000 / (len(values) - 1)
    line = " ".join(
        f"{i * step:.1f},{112 - 100 * (v - low) / span:.1f}" for i, v in enumerate(values)
    )
    # Candidates stand a second apart, from 0.
    chosen = [t for t in times if isinstance(t, (int, float))] if isinstance(times, list) else []
    marks = [
        tag("line", tag("title", f"{t:.1f} s"), x1=round(t * step, 1), x2=round(t * step, 1),
            y1=4, y2=116, class_="chosen")
        for t in chosen[:200] if 0 <= t * step <= 1000
    ]  # fmt: skip
    told = f"relevance from {number(low)} to {number(high)}, {len(chosen)} chosen frames marked"
    drawing = tag("svg", *marks, tag("polyline", points=line), viewBox="0 0 1000 120",
                  class_="relevance", role="img", aria_label=told,
                  preserveAspectRatio="none")  # fmt: skip
    return tag("figure", drawing, tag("figcaption", clipped(told, 200)))

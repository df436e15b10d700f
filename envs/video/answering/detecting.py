"""Answers from what a detector finds in the frames: for rendered events, without a model."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Iterable, Sequence

from tracegraph.envs.video.answering.protocol import Answer
from tracegraph.envs.video.detector import detect
from tracegraph.envs.video.events import COLOURS, SHAPES
from tracegraph.envs.video.frame import Frame

# What a detector saw: when, what, and where its centre is in shares of the height.
Sighting = tuple[float, str, float, float]

_LEAST_STEP = 0.02  # of the height: less is noise
_LONGEST_GAP_S = 10.0  # sightings further apart are of different moments


class DetectorAnswerer:
    """A colour and shape detector: which way something moves, how often it comes, what comes first.

    It looks at the pixels of the frames it is given, needs two sightings of one passage to see a
    movement, both things to see an order, and guesses without (always the same for the same
    question and frames). It counts the passages that it was shown, so it counts too few of them
    when it was not shown all.
    """

    name = "event detector"

    async def answer(
        self, question: str, options: Sequence[str], frames: Sequence[Frame], prompt: str
    ) -> Answer:
        """Detect, and answer."""
        started = time.perf_counter()
        seen = [sighting for frame in frames for sighting in sightings(frame)]
        choice, sure = answer_from(question, options, seen)
        text = f"{choice} (seen)" if sure else f"{choice} (guessed)"
        asked = {
            "role": "user",
            "content": prompt,
            "frames": [{"time_s": f.ref.time_s, "blob": f.hash[:16]} for f in frames],
        }
        spent = time.perf_counter() - started
        return Answer(
            text, choice, seconds=spent, messages=(asked,), notes={} if sure else {"guessed": 1}
        )


def sightings(frame: Frame) -> list[Sighting]:
    """Return what a detector sees in a frame."""
    return [(frame.ref.time_s, one.label, one.x, one.y) for one in detect(frame.rgb)]


def answer_from(
    question: str, options: Sequence[str], seen: Iterable[Sighting]
) -> tuple[str, bool]:
    """Return the option that sightings speak for, and whether they do or it was guessed."""
    seen = list(seen)
    if options and all(asked_label(option) for option in options):
        return _first(question, options, seen)
    label = asked_label(question)
    track = sorted((when, x, y) for when, found, x, y in seen if found == label)
    if question.lower().startswith("how many"):
        gaps = (later - before for (before, *_), (later, *_) in itertools.pairwise(track))
        passages = str(sum(gap > _LONGEST_GAP_S for gap in gaps) + 1)
        if track and passages in options:
            return passages, True
        return _guess(question, options, track), False
    dx = dy = 0.0
    for (t0, x0, y0), (t1, x1, y1) in itertools.pairwise(track):
        if t1 - t0 <= _LONGEST_GAP_S:
            dx, dy = dx + x1 - x0, dy + y1 - y0
    if max(abs(dx), abs(dy)) >= _LEAST_STEP:
        way = ("left" if dx < 0 else "right") if abs(dx) > abs(dy) else ("up" if dy < 0 else "down")
        if way in options:
            return way, True
    return _guess(question, options, track), False


def _first(question: str, options: Sequence[str], seen: Sequence[Sighting]) -> tuple[str, bool]:
    """Return which option was sighted first; both must have been."""
    times = {
        option: min((when for when, found, _, _ in seen if found == option), default=None)
        for option in options
    }
    known = [(when, option) for option, when in times.items() if when is not None]
    if len(known) == len(options):
        return min(known)[1], True
    return _guess(question, options, [(when, 0.0, 0.0) for when, _ in known]), False


def _guess(
    question: str, options: Sequence[str], track: Sequence[tuple[float, float, float]]
) -> str:
    told = f"{question}|{','.join(options)}|{[round(t, 2) for t, _, _ in track]}"
    number = int.from_bytes(hashlib.sha256(told.encode()).digest()[:4], "big")
    return options[number % len(options)] if options else ""


def asked_label(question: str) -> str:
    """Return the coloured shape that a question names, or an empty text."""
    words = question.lower().replace("?", " ").split()
    for colour, shape in itertools.pairwise(words):
        if colour in COLOURS and shape in SHAPES:
            return f"{colour} {shape}"
    return ""

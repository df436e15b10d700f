"""System 2 for rendered videos: it segments by colour and shape, and knows no more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from tracegraph.agents.omni_r1.boxes import Box, box_of
from tracegraph.agents.omni_r1.systems import Details
from tracegraph.envs.video.detector import Detection, detect
from tracegraph.envs.video.events import COLOURS, SHAPES
from tracegraph.envs.video.frame import Frame


class ColourDetails:
    """Finds the coloured shapes that a query names, on the asked frames and on all others.

    A query that names a colour without a shape, or the reverse, means all that fit.
    """

    name = "colour segmenter"

    async def find(self, frames: Sequence[Frame], queries: Mapping[int, str]) -> Details:
        """Segment every frame by the words of the queries."""
        return await asyncio.to_thread(self._find, frames, queries)

    def _find(self, frames: Sequence[Frame], queries: Mapping[int, str]) -> Details:
        import numpy as np

        wanted = {number: _words(query) for number, query in queries.items()}
        boxes: dict[int, list[Box]] = {}
        masks = []
        for number, frame in enumerate(frames):
            found = detect(frame.rgb)
            mask = np.zeros(frame.rgb.shape[:2], np.bool_)
            for one in found:
                if any(_fits(one, words) for words in wanted.values()):
                    mask |= one.mask
            masks.append(mask)
            if number in wanted:
                fitting = [box_of(one.mask) for one in found if _fits(one, wanted[number])]
                boxes[number] = [box for box in fitting if box is not None]
        missing = sum(not found for found in boxes.values())
        return Details(boxes, masks, notes={"no_box": missing} if missing else {})


def _words(query: str) -> tuple[frozenset[str], frozenset[str]]:
    words = frozenset(query.lower().replace(",", " ").replace(".", " ").split())
    return words & frozenset(COLOURS), words & frozenset(SHAPES)


def _fits(one: Detection, words: tuple[frozenset[str], frozenset[str]]) -> bool:
    colours, shapes = words
    if not colours and not shapes:
        return False
    return (not colours or one.colour in colours) and (not shapes or one.shape in shapes)

"""Set of marks: the numbers of the listed elements drawn onto the picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

from tracegraph.agents.gui.elements import Item
from tracegraph.errors import MissingExtraError

_COLOURS = ("#d00000", "#0050d0", "#008030", "#a000a0", "#c06000")


def marked(png: bytes, items: Sequence[Item]) -> bytes:
    """Return the picture with a box and a number for each element, as PNG.

    Args:
        png: the frame.
        items: what to mark; their numbers are those of the list.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise MissingExtraError("desktop", "pillow") from error
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    for item in items:
        one, colour = item.element, _COLOURS[item.number % len(_COLOURS)]
        draw.rectangle((one.x, one.y, one.x + one.width, one.y + one.height), outline=colour)
        label = str(item.number)
        box = draw.textbbox((one.x + 2, one.y + 1), label)
        draw.rectangle((box[0] - 2, box[1] - 1, box[2] + 2, box[3] + 1), fill=colour)
        draw.text((one.x + 2, one.y + 1), label, fill="white")
    made = io.BytesIO()
    picture.save(made, "PNG", compress_level=1)
    return made.getvalue()

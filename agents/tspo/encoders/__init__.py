"""Frozen image-text encoders, by name."""

from __future__ import annotations

from tracegraph.agents.tspo.encoders.base import Encoder, EncoderError
from tracegraph.agents.tspo.encoders.handmade import HandmadeEncoder

__all__ = ["Encoder", "EncoderError", "HandmadeEncoder", "make_encoder"]


def make_encoder(name: str) -> Encoder:
    """Return an encoder: "handmade", "clip SOURCE", "siglip SOURCE" or "open_clip NAME WEIGHTS".

    SOURCE is a folder or a name on the Hugging Face hub. The id of an encoder is such a name too.

    Raises:
        EncoderError: there is no such encoder, or it cannot be loaded.
    """
    kind, *rest = name.split()
    if kind == "handmade":
        return HandmadeEncoder(int(rest[-1])) if rest else HandmadeEncoder()
    if len(rest) == 1 and kind in ("clip", "siglip"):
        from tracegraph.agents.tspo.encoders.pretrained import TransformersEncoder

        return TransformersEncoder("clip" if kind == "clip" else "siglip", rest[0])
    if kind == "open_clip" and len(rest) == 2:
        from tracegraph.agents.tspo.encoders.pretrained import OpenClipEncoder

        return OpenClipEncoder(*rest)
    raise EncoderError(
        f"there is no encoder {name!r}: use handmade, clip SOURCE, siglip SOURCE, or open_clip "
        "NAME WEIGHTS"
    )

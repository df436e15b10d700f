"""The codec: values as bytes, exactly and without pickles. See inside/codec.py."""

from __future__ import annotations

from tracegraph.sandbox.inside.codec import DEEPEST, CodecError, dumps, loads

__all__ = ["DEEPEST", "CodecError", "dumps", "loads"]

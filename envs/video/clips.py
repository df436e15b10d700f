"""Clips of the user's own videos, from a file that lists them."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from tracegraph.envs.video.errors import VideoDataError
from tracegraph.envs.video.needle import Clip


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: str
    start: float = 0.0
    end: float
    label: str
    question: str = ""
    options: list[str] = []
    answer: str = ""


def load_clips(path: str | Path) -> tuple[list[Clip], list[Clip]]:
    """Return clips to ask about, and all clips, from a file with one JSON object a line.

    A line has ``path`` (taken from the folder of the file), ``start``, ``end`` and ``label``;
    those to ask about also ``question``, ``answer`` and ``options``.

    Raises:
        VideoDataError: a line does not have this form, or none has a question.
    """
    file = Path(path)
    clips: list[Clip] = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise VideoDataError(f"{file} cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = _Row.model_validate(json.loads(line))
        except (ValueError, ValidationError) as error:
            raise VideoDataError(f"line {number} of {file} is no clip: {error}") from error
        if row.end <= row.start or (row.options and row.answer not in row.options):
            raise VideoDataError(
                f"line {number} of {file}: a clip ends after it starts, and its answer is one of "
                "its options"
            )
        source = str(file.parent / row.path)
        clips.append(
            Clip(
                source, row.start, row.end, row.label, row.question, tuple(row.options), row.answer
            )
        )
    asked = [clip for clip in clips if clip.question]
    if not asked:
        raise VideoDataError(f"no clip of {file} has a question")
    return asked, clips

"""What agents need of the recorder: prompts as parameters, and a recording."""

from __future__ import annotations

import string
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tracegraph as tg
from tracegraph import prompts
from tracegraph.graph.scope import current_frame


def prompt_parameter(name: str, about: str) -> tg.Parameter[Any]:
    """Return the prompt ``folder/file`` as a parameter that keeps the prompt's places.

    Args:
        name: of the prompt.
        about: what it is for, told to optimizers.
    """
    prompt = prompts.load(name)
    wanted = set(prompt.variables)

    def check(text: str) -> bool:
        try:
            used = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
        except ValueError:
            return False
        return used == wanted

    places = ", ".join(f"{{{place}}}" for place in prompt.variables)
    check.__doc__ = (
        f"must hold {places} and no other braces" if wanted else "must hold no single braces"
    )
    return tg.Parameter(
        prompt.body, name=name.replace("/", "_"), description=about, check=check, max_length=6000
    )


def current_value(parameter: tg.Parameter[Any]) -> Any:
    """Return what a parameter holds in this recording, without a note that it was read."""
    frame = current_frame.get()
    return parameter.data if frame is None else frame.value_of(parameter)


@contextmanager
def recorded() -> Iterator[None]:
    """Make values flow as they are: inside a recording as it is, else in one of its own."""
    frame = current_frame.get()
    if frame is not None and frame.recording is not None and frame.recording.native:
        yield
        return
    with tg.record():
        yield

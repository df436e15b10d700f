"""The prompts of the agents as parameters: what `tracegraph optimize` may change."""

from __future__ import annotations

import string
from typing import Any

import tracegraph as tg
from tracegraph import prompts
from tracegraph.graph.scope import current_frame

_ABOUT = {
    "text": "How a model without eyes works: the steps that there are, and when to take them.",
    "screen": "What the model reads before each step: task, steps done, elements.",
    "uitars": "How a vision model works, in the notation of UI-TARS.",
    "unclear": "Said after an answer that cannot be carried out.",
}


class Texts(tg.Module):
    """The prompts, each a parameter that keeps its places; by default those of the files."""

    text: tg.Parameter[str]
    screen: tg.Parameter[str]
    uitars: tg.Parameter[str]
    unclear: tg.Parameter[str]

    def __init__(self) -> None:
        for name, about in _ABOUT.items():
            setattr(self, name, _parameter(name, prompts.load(f"gui/{name}"), about))

    def values(self, *names: str) -> dict[str, str]:
        """Return the present texts; in a recording those that it uses, without a note there."""
        frame = current_frame.get()
        nodes: dict[str, tg.Parameter[str]] = {name: getattr(self, name) for name in names}
        if frame is None:
            return {name: node.data for name, node in nodes.items()}
        return {name: frame.value_of(node) for name, node in nodes.items()}


def fill(template: str, **values: object) -> str:
    """Return a prompt with its places filled; doubled braces are braces."""
    return template.format_map({name: str(value) for name, value in values.items()})


def _parameter(name: str, prompt: prompts.Prompt, about: str) -> tg.Parameter[Any]:
    wanted = set(prompt.variables)

    def check(text: str) -> bool:
        try:
            used = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
        except ValueError:
            return False
        return used == wanted

    places = ", ".join(f"{{{each}}}" for each in prompt.variables)
    check.__doc__ = (
        f"must hold {places} and no other braces" if wanted else "must hold no single braces"
    )
    return tg.Parameter(
        prompt.body, name=f"gui_{name}", description=about, check=check, max_length=4000
    )

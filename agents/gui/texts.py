"""The prompts of the agents as parameters: what `tracegraph optimize` may change."""

from __future__ import annotations

import tracegraph as tg
from tracegraph.agents.recorded import current_value, prompt_parameter

_ABOUT = {
    "text": "How a model without eyes works: the steps that there are, and when to take them.",
    "screen": "What the model reads before each step: task, steps done, elements.",
    "uitars": "How a vision model works, in the notation of UI-TARS.",
    "unclear": "Said after an answer that cannot be carried out.",
    "again": "Said after a step that was done several times in a row.",
}


class Texts(tg.Module):
    """The prompts, each a parameter that keeps its places; by default those of the files."""

    text: tg.Parameter[str]
    screen: tg.Parameter[str]
    uitars: tg.Parameter[str]
    unclear: tg.Parameter[str]
    again: tg.Parameter[str]

    def __init__(self) -> None:
        for name, about in _ABOUT.items():
            setattr(self, name, prompt_parameter(f"gui/{name}", about))

    def values(self, *names: str) -> dict[str, str]:
        """Return the present texts; in a recording those that it uses, without a note there."""
        return {name: str(current_value(getattr(self, name))) for name in names}


def fill(template: str, **values: object) -> str:
    """Return a prompt with its places filled; doubled braces are braces."""
    return template.format_map({name: str(value) for name, value in values.items()})

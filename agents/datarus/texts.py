"""The prompts of the agent as parameters: what `tracegraph optimize` may change."""

from __future__ import annotations

import tracegraph as tg
from tracegraph.agents.recorded import current_value, prompt_parameter

_ABOUT = {
    "agentic": "How the model works in the notebook with the published tags.",
    "structured": "How the model works in the notebook with steps in JSON.",
    "reflection": "How the model answers without a notebook.",
    "opening": "The first message: the question and what is there.",
    "output": "What the model reads of a cell that ran.",
    "failed": "What the model reads of a cell that failed.",
    "go_on": "Said after a step with tags.",
    "correct": "Said after a step with tags that failed.",
    "finish": "Asks for the answer when there is nothing more to run.",
    "unclear": "Said when an answer holds neither code nor an answer.",
    "reformat": "Asks for the parts of the answer that are missing.",
    "choose": "Asks whether a question needs the notebook.",
}


class Texts(tg.Module):
    """The prompts, each a parameter that keeps its places; by default those of the files."""

    agentic: tg.Parameter[str]
    structured: tg.Parameter[str]
    reflection: tg.Parameter[str]
    opening: tg.Parameter[str]
    output: tg.Parameter[str]
    failed: tg.Parameter[str]
    go_on: tg.Parameter[str]
    correct: tg.Parameter[str]
    finish: tg.Parameter[str]
    unclear: tg.Parameter[str]
    reformat: tg.Parameter[str]
    choose: tg.Parameter[str]

    def __init__(self) -> None:
        for name, about in _ABOUT.items():
            setattr(self, name, prompt_parameter(f"datarus/{name}", about))

    @property
    def values(self) -> dict[str, str]:
        """The present texts by name; in a recording those that it uses, without a note there."""
        return {name: current_value(getattr(self, name)) for name in _ABOUT}


def fill(template: str, **values: object) -> str:
    """Return a prompt with its places filled; doubled braces are braces."""
    return template.format_map({name: str(value) for name, value in values.items()})

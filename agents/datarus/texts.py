"""The prompts of the agent as parameters: what `tracegraph optimize` may change."""

from __future__ import annotations

import string
from typing import Any

import tracegraph as tg
from tracegraph import prompts
from tracegraph.graph.scope import current_frame

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
            prompt = prompts.load(f"datarus/{name}")
            setattr(self, name, _parameter(name, prompt, about))

    @property
    def values(self) -> dict[str, str]:
        """The present texts by name; in a recording those that it uses, without a note there."""
        frame = current_frame.get()
        nodes: dict[str, tg.Parameter[str]] = {name: getattr(self, name) for name in _ABOUT}
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
        prompt.body, name=f"datarus_{name}", description=about, check=check, max_length=4000
    )

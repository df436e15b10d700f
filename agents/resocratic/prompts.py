"""The prompts of the synthesis, each a parameter that an optimizer may rewrite."""

from __future__ import annotations

from dataclasses import dataclass, fields

import tracegraph as tg
from tracegraph.prompts import load


def _prompt(name: str, description: str) -> tg.Parameter[str]:
    body = load(f"resocratic/{name}").body
    made: tg.Parameter[str] = tg.node(
        body, trainable=True, name=f"{name}_prompt", description=description
    )
    return made


@dataclass(frozen=True, slots=True)
class Prompts:
    """Instructions; what they work on, and the form of the answers, belong to the code."""

    variables: tg.Parameter[str]
    objective: tg.Parameter[str]
    constraint: tg.Parameter[str]
    question: tg.Parameter[str]
    question_table: tg.Parameter[str]
    program: tg.Parameter[str]

    @classmethod
    def load(cls) -> Prompts:
        """Return the prompts of the package."""
        return cls(
            _prompt("variables", "How to invent a setting and variables."),
            _prompt("objective", "How to write the objective."),
            _prompt("constraint", "How to write one more constraint."),
            _prompt("question", "How to write a question without a table."),
            _prompt("question_table", "How to write a question with a table."),
            _prompt("program", "How to write the program of a demonstration."),
        )

    @property
    def all(self) -> list[tg.Parameter[str]]:
        """The parameters."""
        return [getattr(self, each.name) for each in fields(self)]

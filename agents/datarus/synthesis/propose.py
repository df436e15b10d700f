"""A model proposes questions about a table, each with the code that answers it."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from tracegraph import prompts

if TYPE_CHECKING:
    from tracegraph.models import LLM

# One a round, so that the questions of a set differ in kind.
CONCEPTS = (
    "summary statistics of one column",
    "comparison of groups",
    "correlation of two columns",
    "filters and counts",
    "missing values and outliers",
    "a new column made from others",
    "distribution of a column (skewness, quantiles, normality)",
)


class Proposed(BaseModel):
    """A question, the name of its answer, and code that puts the answer into ``answer``."""

    question: Annotated[str, Field(min_length=20, max_length=600)]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
    code: Annotated[str, Field(min_length=10, max_length=2000)]

    @property
    def key(self) -> str:
        """A name made from what the question computes."""
        return fingerprint(self.code)


@dataclass(frozen=True, slots=True)
class Round:
    """What one call of the model is asked for."""

    table: str
    count: int
    number: int
    known: Sequence[str] = ()


async def propose(llm: LLM, ask: Round) -> list[Proposed]:
    """Return the questions of one round; fewer where the model repeats itself.

    Raises:
        ModelError: the model could not be asked, or its answers do not fit the schema.
    """
    schema = {
        "title": "questions",
        "type": "array",
        "items": Proposed.model_json_schema(),
        "minItems": 1,
        "maxItems": ask.count,
    }
    prompt = prompts.load("datarus/propose").format(
        table=ask.table,
        count=ask.count,
        concepts=CONCEPTS[ask.number % len(CONCEPTS)],
        known="\n".join(f"- {question}" for question in ask.known[-20:]) or "(nothing yet)",
    )
    completion = await llm.complete(
        prompt,
        schema=schema,
        temperature=0.8,
        seed=ask.number,
        max_tokens=400 * ask.count,
        parent="datarus_propose",
    )
    found = [Proposed.model_validate(row) for row in completion.parsed or []]
    return list({each.key: each for each in found}.values())


def fingerprint(code: str) -> str:
    """Return a name for what code does: layout and comments do not count."""
    try:
        text = ast.dump(ast.parse(code))
    except (SyntaxError, ValueError, RecursionError):
        text = " ".join(code.split())
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

"""Back from a demonstration to a question, with and without a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import tracegraph as tg
from tracegraph.agents.resocratic import formal, wording
from tracegraph.agents.resocratic.calls import Calls
from tracegraph.agents.resocratic.demonstration import Demonstration
from tracegraph.agents.resocratic.stated import plain, stated, unstated

Variant = Literal["plain", "table"]

_TABLE = re.compile(r"^\s*\|", re.MULTILINE)
_ENDING = "What is the best plan, and what is the value of its objective?"


@dataclass(frozen=True, slots=True)
class Question:
    """A question.

    Attributes:
        variant: "plain" or "table".
        text: what a solver gets to read.
        writer: "model", or "code" where the notes were put together without one.
        faults: why what the model wrote was not used.
    """

    variant: Variant
    text: str
    writer: Literal["model", "code"]
    faults: tuple[str, ...] = ()


def variants(demonstration: Demonstration) -> list[Variant]:
    """Return the forms that a demonstration can be asked in."""
    if _TABLE.search(demonstration.words):
        return ["table"]  # its own words hold the table
    return ["plain"] if wording.table(demonstration) is None else ["plain", "table"]


def assembled(demonstration: Demonstration, variant: Variant) -> str:
    """Return the question that the words of a demonstration make, without a model."""
    made = wording.table(demonstration) if variant == "table" else None
    if made is None:
        parts = [demonstration.words]
    else:
        lines, said = made
        parts = [demonstration.story, lines, " ".join(said)]
    text = "\n\n".join(parts)
    ends = wording.range_words(demonstration.variables, text)
    return "\n\n".join(filter(None, [text, f"{ends} {_ENDING}".strip()]))


@tg.bundle
async def write_question(
    prompt: str, calls: Calls, demonstration: Demonstration, variant: Variant, complaint: str
) -> str:
    """Ask for the question in the words of the model."""
    notes = assembled(demonstration, variant).removesuffix(_ENDING).strip()
    told = f"Notes:\n{notes}" + (f"\n\n{complaint}" if complaint else "")
    answer: str = await calls.ask("question", prompt, told, max_tokens=600)
    text = answer.strip().strip("`").strip()
    ends = wording.range_words(demonstration.variables, text)
    return f"{text}\n\n{ends}".strip() if ends else text


def faults(demonstration: Demonstration, variant: Variant, text: str) -> list[str]:
    """Return what is wrong with a question: numbers lost or new, formulas, no table, no goal."""
    found = []
    if missing := unstated(model_numbers(demonstration), text):
        found.append(f"these numbers are missing: {', '.join(map(plain, missing))}")
    known = {*stated(assembled(demonstration, variant)), *map(float, range(13))}
    if new := [n for n in sorted(stated(text)) if n >= 0 and unstated([n], _all(known))]:
        found.append(f"these numbers are in no note: {', '.join(map(plain, new[:5]))}")
    symbols = {each.symbol for each in demonstration.variables if "_" in each.symbol}
    leaked = [symbol for symbol in sorted(symbols) if re.search(rf"\b{symbol}\b", text)]
    if leaked or re.search(r"[<>]=?|\\[a-z]+|\*\*|\w\s*\*\s*\w", text):
        found.append("it holds formulas or symbols")
    if (variant == "table") != bool(_TABLE.search(text)):
        found.append("the table is missing" if variant == "table" else "it holds a table")
    directions = {
        "maximize": r"maxim|largest|most|highest|greatest|best|as (?:large|many|much|high)",
        "minimize": r"minim|smallest|least|lowest|cheap|fewest|as (?:small|few|little|low)",
    }
    if not re.search(directions[demonstration.goal.sense], text, re.IGNORECASE):
        found.append(f"it does not say what to {demonstration.goal.sense}")
    return found


def model_numbers(demonstration: Demonstration) -> list[float]:
    """Return the numbers that decide the optimum: of objective, constraints and ranges."""
    found = []
    sections = (demonstration.objective, *demonstration.constraints)
    for line in (line for section in sections for line in section.lines):
        said = re.sub(r"^\s*(maximi[sz]e|minimi[sz]e)\b[\s:]*", "", line)
        for part in re.split(r"<=|>=|==|=|;", said):
            found += formal.numbers(part) if part.strip() else []
    for each in demonstration.variables:
        if each.kind != "binary":
            found += [end for end in (each.lower, each.upper) if end]
    return [number for number in dict.fromkeys(map(abs, found)) if number not in (0.0, 1.0)]


def _all(numbers: set[float]) -> str:
    return " ".join(map(plain, numbers))

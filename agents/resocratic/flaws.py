"""Flaws of demonstrations in loose notation, as other collections write them.

Their formal lines mix words and formulas, so they are searched rather than parsed; those of this
project are parsed, run and compared (`admission`).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

from tracegraph.agents.resocratic.stated import plain, stated
from tracegraph.errors import TracegraphError

_SECTION = re.compile(r"^## (.+?):?[ \t]*$", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
_NAMED = re.compile(r'"[^"]+":\s*"([A-Za-z_]\w*)"')


@dataclass(frozen=True, slots=True)
class Scenario:
    """A demonstration of another collection: where it stands, its declared kind, its text."""

    id: str
    kind: str
    text: str

    @property
    def words(self) -> str:
        """The text without headers and formal lines: what a question would hold."""
        lines = self.text.splitlines()
        return "\n".join(line for line in lines if not line.startswith(("//", "##")))


def load_scenarios(path: Path) -> list[Scenario]:
    """Return the demonstrations of a JSON list with the field `scenario`.

    Their kind is that of the file's name, which is `linear` or `nonlinear`.

    Raises:
        TracegraphError: the file holds no such list.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [
            Scenario(f"{path.stem}-{number}", path.stem, str(row["scenario"]))
            for number, row in enumerate(rows)
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TracegraphError(f"{path} is no JSON list of objects with a scenario") from error


def flaws(scenario: Scenario) -> list[str]:
    """Return what is wrong with a demonstration, in sentences; [] if nothing is found."""
    sections = _sections(scenario.text)
    formulas = [line for _, _, lines in sections for line in lines if "{" not in line]
    declared = [line for _, _, lines in sections for line in lines if "{" in line]
    names = {name for line in declared for name in _NAMED.findall(line)} - _KINDS
    found = [f"{name} has no formula" for name, _, lines in sections if not lines]
    found += _undefined(formulas, names)
    found += _unstated(formulas, scenario.words)
    found += _forgotten(formulas)
    if scenario.kind == "linear":
        found += _nonlinear(formulas, names)
    whole = any('"integer"' in line for line in declared)
    if whole and re.search(r"\bpartial\b|\bfractions? (?:are|is) allowed", scenario.words):
        found.append("the text allows fractions, and the variables are integer")
    return found


_KINDS = {"integer", "continuous", "binary"}


def _sections(text: str) -> list[tuple[str, str, list[str]]]:
    pieces = _SECTION.split(text)[1:]
    found = []
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        lines = [line[2:].strip() for line in body.splitlines() if line.startswith("//")]
        words = "\n".join(line for line in body.splitlines() if not line.startswith("//"))
        found.append((name, words, lines))
    return found


def _undefined(formulas: list[str], names: set[str]) -> list[str]:
    known = names | {
        m[1] for line in formulas if (m := re.match(r"(?:.*:\s*)?(\w+)\s*=(?!=)", line))
    }
    used = {name for line in formulas for name in re.findall(r"\d\s*\*\s*([A-Za-z_]\w*)", line)}
    missing = sorted(
        name for name in used - known if name.lower() not in {n.lower() for n in known}
    )
    return [f"no variable is called {', '.join(missing)}"] if missing else []


def _unstated(formulas: list[str], words: str) -> list[str]:
    told = sorted(stated(words) | set(map(float, range(13))))
    # What follows from two stated numbers in one step: a margin, a rate, a square.
    known = {*told, *(a - b for a in told for b in told), *(a * a for a in told if a < 100)}
    known |= {a / b for a in told for b in told if b}
    missing = []
    for line in formulas:
        for match in _NUMBER.finditer(line):
            value = float(match.group().rstrip(",").replace(",", ""))
            if not any(math.isclose(value, each, rel_tol=1e-9) for each in known):
                missing.append(plain(value))
    missing = list(dict.fromkeys(missing))
    return [f"the text does not state {', '.join(missing)}"] if missing else []


def _forgotten(formulas: list[str]) -> list[str]:
    """Find a rate that stands in the profit and not in the budget of the same product."""
    found = []
    for line in formulas:
        for rate, product, _, cost in re.findall(
            r"(\d+) \* (\w+ \* \w+) \* \((\d+) - (\d+)\)", line
        ):
            wrong = [
                other
                for other in formulas
                if re.search(rf"\b{cost} \* {re.escape(product)}\b", other)
            ]
            if wrong:
                found.append(f"{wrong[0]!r} forgets the {rate} that {product} is multiplied by")
    return found[:1]


def _nonlinear(formulas: list[str], names: set[str]) -> list[str]:
    named = "|".join(sorted(map(re.escape, names), key=len, reverse=True)) or "(?!)"
    for line in formulas:
        product = re.search(rf"\b(?:{named})\s*\*\s*\(?\s*(?:{named})\b", line)
        condition = re.search(rf"\(\s*(?:{named})\s*[<>]", line)
        if product or condition:
            return [f"{line!r} is not linear"]
    return []

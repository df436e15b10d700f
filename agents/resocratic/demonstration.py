"""A formatted demonstration: variables, an objective, constraints; each in words and formally."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tracegraph.agents.resocratic import formal
from tracegraph.agents.resocratic.formal import Constraint, FormalError, Objective

Kind = Literal["continuous", "integer", "binary"]

_HEADERS = ("Define Variables", "Define Objective Function")
_SECTION = re.compile(r"^## (.+?):?[ \t]*$", re.MULTILINE)
_DEFINITION = re.compile(r"^([A-Za-z_]\w*)\s*=(?!=)\s*(.+)$")


@dataclass(frozen=True, slots=True)
class Variable:
    """What may be decided.

    Attributes:
        symbol: its name in formal lines.
        meaning: what it counts, with its unit.
        lower, upper: its range; None is unlimited.
    """

    symbol: str
    meaning: str
    kind: Kind = "continuous"
    lower: float | None = 0.0
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A paragraph and its formal lines.

    Attributes:
        text: the words.
        lines: the formal lines, without `//`.
        quantity: what its coefficients measure, as "oven minutes"; "" where nobody said.
    """

    text: str
    lines: tuple[str, ...] = ()
    quantity: str = ""

    @property
    def definitions(self) -> dict[str, str]:
        """The names that the section introduces, as `cost = 2*x`."""
        return {m[1]: m[2] for line in self.lines if (m := _DEFINITION.match(line))}


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A whole problem, in words and formally; checked when it is made.

    Raises:
        FormalError: a line cannot be read, a name is not defined, or something is missing.
    """

    story: str
    variables: tuple[Variable, ...]
    objective: Section
    constraints: tuple[Section, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        symbols = [variable.symbol for variable in self.variables]
        if not symbols or len(set(symbols)) < len(symbols):
            raise FormalError("a demonstration needs variables, each with a symbol of its own")
        unknown = formal.names(self.goal.expression).union(
            *(formal.names(side) for each in self.relations for side in (each.left, each.right))
        ) - set(symbols)
        if unknown:
            raise FormalError(
                f"{', '.join(sorted(unknown))} is not defined; there are {', '.join(symbols)}"
            )

    @property
    def goal(self) -> Objective:
        """The objective, over the variables only."""
        said = [line for line in self.objective.lines if not _DEFINITION.match(line)]
        if len(said) != 1:
            raise FormalError("an objective has one line: maximize … or minimize …")
        stated = formal.objective(said[0])
        return replace(
            stated, expression=formal.with_definitions(stated.expression, self._definitions)
        )

    @property
    def relations(self) -> list[Constraint]:
        """All constraints, over the variables only."""
        return [each for part in self.constraints for each in self.relations_of(part)]

    def relations_of(self, section: Section) -> list[Constraint]:
        """Return the constraints of a section, over the variables only."""
        known = self._definitions
        said = [line for line in section.lines if not _DEFINITION.match(line)]
        return [
            Constraint(
                formal.with_definitions(each.left, known),
                each.relation,
                formal.with_definitions(each.right, known),
            )
            for line in said or [""]
            for each in formal.relations(line)
        ]

    @property
    def is_linear(self) -> bool:
        """Whether the objective and every constraint are."""
        sides = [side for each in self.relations for side in (each.left, each.right)]
        return all(formal.linear(text) is not None for text in (self.goal.expression, *sides))

    @property
    def prefixes(self) -> list[Demonstration]:
        """The demonstrations with the first constraint only, with two, … with all."""
        count = len(self.constraints)
        return [replace(self, constraints=self.constraints[:n]) for n in range(1, count + 1)]

    @property
    def words(self) -> str:
        """Everything that it says in words."""
        parts = [self.story, self.objective.text, *(each.text for each in self.constraints)]
        return "\n\n".join(filter(None, parts))

    @property
    def _definitions(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for section in (self.objective, *self.constraints):
            found |= section.definitions
        return found

    def __str__(self) -> str:
        variables = [
            json.dumps(
                {
                    "symbol": each.symbol,
                    "meaning": each.meaning,
                    "type": each.kind,
                    "range": [each.lower, each.upper],
                },
                ensure_ascii=False,
            )
            for each in self.variables
        ]
        sections = [Section(self.story, tuple(variables)), self.objective, *self.constraints]
        headers = [*_HEADERS, *(f"Generate Constraint-{n}" for n in range(1, len(sections) - 1))]
        return "\n\n".join(
            "\n".join([f"## {header}:", part.text, *(f"// {line}" for line in part.lines)])
            for header, part in zip(headers, sections, strict=True)
        )


def read(text: str) -> Demonstration:
    """Return the demonstration that a text in the form of ``str(demonstration)`` holds.

    Raises:
        FormalError: a section is missing, in the wrong place, or without words or formal lines.
    """
    pieces = _SECTION.split(text)[1:]
    found = dict(zip(pieces[::2], pieces[1::2], strict=True))
    wanted = [*_HEADERS, *(f"Generate Constraint-{n}" for n in range(1, len(found) - 1))]
    if list(found) != wanted:
        raise FormalError(f"the sections are {', '.join(found) or 'none'}, not {', '.join(wanted)}")
    story, goal, *constraints = [_section(name, found[name]) for name in wanted]
    return Demonstration(
        story.text, tuple(_variable(line) for line in story.lines), goal, tuple(constraints)
    )


def _section(name: str, body: str) -> Section:
    words, lines, quantity = [], [], ""
    for line in body.strip().splitlines():
        if not line.startswith("//"):
            words.append(line)
        elif line.startswith("// quantity:"):
            quantity = line.partition(":")[2].strip()
        else:
            lines.append(line[2:].strip())
    text = "\n".join(words).strip()
    if not text or not lines:
        raise FormalError(f"the section {name!r} needs words and formal lines (// …)")
    return Section(text, tuple(lines), quantity)


def _variable(line: str) -> Variable:
    try:
        told = json.loads(line)
        lower, upper = told.get("range", [0, None])
        kind, symbol, meaning = told["type"], told["symbol"], told["meaning"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormalError(
            f"{line!r} is no variable: it needs symbol, meaning, type, range"
        ) from error
    if kind not in ("continuous", "integer", "binary") or not str(symbol).isidentifier():
        raise FormalError(f"{line!r} has no known type, or its symbol is no name")
    bounds = [None if each is None else float(each) for each in (lower, upper)]
    return Variable(str(symbol), str(meaning), kind, *bounds)

"""New demonstrations from verified ones, without a model: words and formulas change together."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from tracegraph.agents.resocratic import wording
from tracegraph.agents.resocratic.demonstration import Demonstration, Kind, Section, Variable
from tracegraph.agents.resocratic.formal import FormalError
from tracegraph.agents.resocratic.stated import plain

Values = dict[str, float]  # the optimum of what is changed, by symbol


@dataclass(frozen=True, slots=True)
class Mutation:
    """A changed demonstration and what was done to it."""

    demonstration: Demonstration
    changes: tuple[str, ...]


def mutate(demonstration: Demonstration, optimum: Values, seed: str) -> Mutation:
    """Return a demonstration after some changes that fit together.

    New coefficients always; and one of: another constraint, one constraint fewer, the other
    integrality, the other sense. What does not apply to a demonstration is passed over.

    Args:
        demonstration: a verified one.
        optimum: its best point, so that what is added cuts something off.
        seed: the same seed gives the same changes.
    """
    rng = random.Random(seed)
    changed, told = _coefficients(demonstration, rng)
    structural: list[Callable[..., tuple[Demonstration, str] | None]] = [
        _added, _dropped, _integrality, _sense,
    ]  # fmt: skip
    rng.shuffle(structural)
    for change in structural:
        try:
            made = change(changed, optimum, rng)
        except FormalError:
            continue
        if made is not None:
            return Mutation(made[0], (told, made[1]))
    return Mutation(changed, (told,))


def _coefficients(old: Demonstration, rng: random.Random) -> tuple[Demonstration, str]:
    """Change numbers by up to a fifth, wherever words and formulas use each just alike."""
    # A number that stands in several sections may be one fact; it changes in all of them at once.
    whole = str(old)
    numbers = sorted(
        {m.group() for m in _NUMBER.finditer(_formulas(old)) if float(m.group()) >= 3}
        - {m.group() for each in old.variables for m in _NUMBER.finditer(_range(each))}
    )
    swaps: dict[str, str] = {}
    for number in numbers:
        if rng.random() < 0.3 or not re.search(_token(number), old.words):
            continue
        value = float(number) * rng.uniform(0.82, 1.22)
        digits = len(number.partition(".")[2])
        new = plain(round(value, digits) if digits else _rounded(value))
        if new not in swaps.values() and not re.search(_token(new), whole):
            swaps[number] = new

    def put(section: Section) -> Section:
        return replace(
            section, text=_swapped(section.text, swaps),
            lines=tuple(_swapped(line, swaps) for line in section.lines),
        )  # fmt: skip

    new_one = replace(
        old, objective=put(old.objective), constraints=tuple(put(each) for each in old.constraints)
    )
    said = ", ".join(f"{a} to {b}" for a, b in swaps.items())
    return new_one, f"coefficients: {said or 'none'}"


def _added(
    old: Demonstration, optimum: Values, rng: random.Random
) -> tuple[Demonstration, str] | None:
    """Limit two of the variables together, so that the old optimum is cut off."""
    amounts = [each for each in old.variables if each.kind != "binary"]
    used = [each for each in amounts if optimum.get(each.symbol, 0) >= 1]
    if len(used) < 2 or old.goal.sense == "minimize":
        return None
    pair = rng.sample(used, 2)
    limit = int(sum(optimum[each.symbol] for each in pair) * rng.uniform(0.6, 0.9))
    if limit < 1:
        return None
    line = f"{pair[0].symbol} + {pair[1].symbol} <= {limit}"
    text = f"The {pair[0].meaning} and the {pair[1].meaning} may together be no more than {limit}."
    return replace(old, constraints=(*old.constraints, Section(text, (line,)))), f"added {line}"


def _dropped(
    old: Demonstration, optimum: Values, rng: random.Random
) -> tuple[Demonstration, str] | None:
    if len(old.constraints) < 2:
        return None
    gone = rng.randrange(len(old.constraints))
    left = tuple(each for n, each in enumerate(old.constraints) if n != gone)
    return replace(old, constraints=left), f"dropped constraint {gone + 1}"


def _integrality(
    old: Demonstration, optimum: Values, rng: random.Random
) -> tuple[Demonstration, str] | None:
    kinds = {each.kind for each in old.variables}
    if kinds not in ({"integer"}, {"continuous"}):
        return None
    to_whole = kinds == {"continuous"}
    new: Kind = "integer" if to_whole else "continuous"
    said = wording.whole_words([replace(v, kind=new) for v in old.variables], "")
    # What the story said about it goes: the sentence that follows says the opposite.
    story = _WHOLENESS.sub("", old.story).strip()
    if re.search(r"whole|fraction|any (?:amount|length|number|value)", story):
        return None
    variables = tuple(replace(each, kind=new) for each in old.variables)
    return replace(old, story=f"{story} {said}", variables=variables), f"variables are {new}"


def _sense(
    old: Demonstration, optimum: Values, rng: random.Random
) -> tuple[Demonstration, str] | None:
    """Turn the goal round, where one constraint still keeps it from being trivial."""
    goal = old.goal
    lower_bounded = any(each.relation != "<=" for each in old.relations)
    upper_bounded = any(each.relation != ">=" for each in old.relations)
    if not (lower_bounded if goal.sense == "maximize" else upper_bounded):
        return None
    pairs = _SENSES if goal.sense == "maximize" else [(b, a) for a, b in _SENSES]
    text = old.objective.text
    found = next(((a, b) for a, b in pairs if re.search(rf"\b{a}\b", text)), None)
    if found is None:
        return None
    other = "minimize" if goal.sense == "maximize" else "maximize"
    lines = tuple(line.replace(goal.sense, other, 1) for line in old.objective.lines)
    text = re.sub(rf"\b{found[0]}\b", found[1], text)
    return replace(old, objective=replace(old.objective, text=text, lines=lines)), f"now {other}"


_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)")
_WHOLENESS = re.compile(
    r",? in whole \w+(?: for each)?|; (?:any|parts|fractions)[^.;]*(?=[.;])| Whole [^.]*\."
    r"|; shares may be[^.;]*|, any amounts?|, in litres"
)
_SENSES = [
    ("largest", "smallest"), ("highest", "lowest"), ("most", "least"), ("as many", "as few"),
    ("as large", "as small"), ("as high", "as low"), ("more", "less"),
]  # fmt: skip


def _token(number: str) -> str:
    return rf"(?<![\w.]){re.escape(number)}(?![\w]|\.\d)"


def _swapped(text: str, swaps: dict[str, str]) -> str:
    # Powers keep their exponents: 2 and 3 are never among the swaps.
    return re.sub(r"(?<![\w.])\d+(?:\.\d+)?", lambda m: swaps.get(m.group(), m.group()), text)


def _formulas(demonstration: Demonstration) -> str:
    sections = (demonstration.objective, *demonstration.constraints)
    return "\n".join(line for each in sections for line in each.lines)


def _range(variable: Variable) -> str:
    return " ".join(plain(end) for end in (variable.lower, variable.upper) if end is not None)


def _rounded(value: float) -> float:
    step = 1 if value < 100 else 5 if value < 1000 else 10 if value < 10000 else 100
    return round(value / step) * step

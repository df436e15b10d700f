"""Splitting examples into parts that share nothing."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracegraph.training.data.errors import DataError, DataWarning
from tracegraph.training.data.example import Example, fingerprint, inputs_of
from tracegraph.training.data.sampling import chance

_PARTS = ("train", "validation", "test")
_LABELS = 20  # more different values are no set of labels


@dataclass(frozen=True)
class Splits:
    """The parts of a data set: to learn from, to decide with, and for the final number only."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]


def split(
    examples: Sequence[Example],
    *,
    fractions: tuple[float, float, float] = (0.4, 0.3, 0.3),
    seed: int = 0,
) -> Splits:
    """Split examples into train, validation and test.

    Examples with one group or with equal inputs stay together. Where few different values are
    expected, each part gets its share of each. The result depends on the ids and the seed, not
    on the order. Examples that say their part go there; a part that none of them names, and
    whose fraction is not 0, is taken from train.

    Args:
        examples: with different ids.
        fractions: of train, validation and test; 0 leaves a part empty.
        seed: another one gives another split.

    Raises:
        DataError: ids repeat, a part that was asked for would be empty, or groups cross parts.

    Warns:
        DataWarning: the file puts examples with the same inputs into different parts.
    """
    _check(examples, fractions)
    given = {part: [e for e in examples if e.part == part] for part in ("", *_PARTS)}
    if len(given[""]) == len(examples):
        parts = _divide(examples, fractions, seed)
    else:
        parts = _completed(given, fractions, seed)
    for part, fraction in zip(_PARTS, fractions, strict=True):
        if fraction and not parts[part]:
            raise DataError(
                f"{part} would be empty: {len(examples)} examples in {len(_units(examples))} "
                f"groups are too few for the fractions {fractions}; add examples, or set the "
                "fraction to 0"
            )
    return Splits(*(tuple(parts[part]) for part in _PARTS))


def _check(examples: Sequence[Example], fractions: tuple[float, float, float]) -> None:
    if len(fractions) != 3 or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise DataError(f"the fractions {fractions} must be three numbers that add up to 1")
    if not examples:
        raise DataError("there are no examples to split")
    repeated = [name for name, count in Counter(e.id for e in examples).items() if count > 1]
    if repeated:
        raise DataError(f"ids of examples must differ; {repeated[0]!r} repeats")
    wrong = next((e for e in examples if e.part not in ("", *_PARTS)), None)
    if wrong is not None:
        raise DataError(f"example {wrong.id!r} is for {wrong.part!r}; use {', '.join(_PARTS)}")


def _completed(
    given: dict[str, list[Example]], fractions: tuple[float, float, float], seed: int
) -> dict[str, list[Example]]:
    """Take what the file says, and the parts that it does not name out of train."""
    if given[""]:
        raise DataError(
            f"{len(given[''])} examples do not say their part and others do, for instance "
            f"{given[''][0].id!r}; fill the column split in every row"
        )
    _check_borders(given)
    wanted = [
        fraction if part == "train" or not given[part] else 0.0
        for part, fraction in zip(_PARTS, fractions, strict=True)
    ]
    if sum(wanted) == 0 or not given["train"]:
        return given
    shares = (wanted[0] / sum(wanted), wanted[1] / sum(wanted), wanted[2] / sum(wanted))
    taken = _divide(given["train"], shares, seed)
    return {part: taken[part] + (given[part] if part != "train" else []) for part in _PARTS}


def _check_borders(given: dict[str, list[Example]]) -> None:
    groups: dict[str, str] = {}
    inputs: dict[str, str] = {}
    crossing = 0
    for part in _PARTS:
        for example in given[part]:
            if example.group and groups.setdefault(example.group, part) != part:
                raise DataError(
                    f"the group {example.group!r} is in {groups[example.group]} and in {part}; "
                    "a group belongs to one part"
                )
            crossing += inputs.setdefault(inputs_of(example), part) != part
    if crossing:
        warnings.warn(
            f"{crossing} examples have the same inputs as one in another part: what is measured "
            "there may have been learned by heart",
            DataWarning,
            stacklevel=4,
        )


def _divide(
    examples: Sequence[Example], fractions: tuple[float, float, float], seed: int
) -> dict[str, list[Example]]:
    """Deal out units, large ones first, each to the part that is owed most.

    Neighbours in this order have the same label, so each part gets its share of each label and
    of the whole, up to about one unit.
    """
    labelled = _is_labelled(examples)

    def order(unit: list[Example]) -> tuple[int, str, float, str]:
        labels = Counter(fingerprint(e.expected) for e in unit) if labelled else Counter({"": 1})
        label = min(labels, key=lambda each: (-labels[each], each))
        return -len(unit), label, chance(seed, unit[0].id), unit[0].id

    parts: dict[str, list[Example]] = {part: [] for part in _PARTS}
    owed = dict.fromkeys(_PARTS, 0.0)
    for unit in sorted(_units(examples), key=order):
        for part, fraction in zip(_PARTS, fractions, strict=True):
            owed[part] += fraction * len(unit)
        choice = max(_PARTS, key=lambda part: owed[part])
        owed[choice] -= len(unit)
        parts[choice].extend(unit)
    for chosen in parts.values():
        chosen.sort(key=lambda example: (chance(seed, example.id), example.id))
    return parts


def _is_labelled(examples: Sequence[Example]) -> bool:
    """Say whether what is expected comes from a small set of labels."""
    if not all(isinstance(e.expected, str | int | bool) for e in examples):
        return False
    return 1 < len({e.expected for e in examples}) <= min(_LABELS, len(examples) / 5)


def _units(examples: Iterable[Example]) -> list[list[Example]]:
    """Return what must stay together: examples joined by a group or by equal inputs."""
    leader: dict[str, str] = {}

    def find(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = key = leader[leader[key]]
        return key

    ordered = sorted(examples, key=lambda example: example.id)
    for example in ordered:
        one = find(f"inputs {inputs_of(example)}")
        other = find(f"group {example.group}") if example.group else one
        leader[max(one, other)] = min(one, other)
    units: dict[str, list[Example]] = {}
    for example in ordered:
        units.setdefault(find(f"inputs {inputs_of(example)}"), []).append(example)
    return list(units.values())

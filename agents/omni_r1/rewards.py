"""The hierarchical rewards of Omni-R1 as functions of plain facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tracegraph.agents.omni_r1.boxes import Box, matched_iou
from tracegraph.agents.omni_r1.constants import Constants


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """One item of the answer.

    Attributes:
        parsed, formed, valid: see `Constants`.
        frames: the sampled frames inside its times, by index.
    """

    parsed: bool
    formed: bool
    valid: bool
    frames: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rewards are made of.

    Attributes:
        form: both tags are there.
        items: of the answer.
        areas: true pixels, one list of frames an object; 0 where it is not visible.
        boxes, true_boxes: found and true boxes, by keyframe.
        overlaps: IoU of found and true masks, one a frame; empty without masks.
    """

    form: bool
    items: Sequence[ItemFacts]
    areas: Sequence[Sequence[int]]
    boxes: Mapping[int, Sequence[Box]] = field(default_factory=dict)
    true_boxes: Mapping[int, Sequence[Box]] = field(default_factory=dict)
    overlaps: Sequence[float] = ()

    @property
    def named(self) -> list[int]:
        """The frames of all items, also those that several name."""
        return [frame for item in self.items for frame in item.frames]

    def keyframes(self, most: int) -> list[int]:
        """Return the frames that the detail system gets: the first ones by time."""
        return sorted(set(self.named))[:most]


def terms(facts: Facts, constants: Constants) -> dict[str, float]:
    """Return each term of the reward before its weight, inside ``constants.ranges()``."""
    found = {
        "items": _items(facts, constants),
        "length": sum(constants.long_item * max(0, len(i.frames) - 1) for i in facts.items),
        "count": _count(len(set(facts.named)), constants),
        "repeats": constants.duplicate * (len(facts.named) - len(set(facts.named))),
        "diversity": _diversity(facts, constants),
        "saliency": _saliency(facts, constants),
        "alignment": _alignment(facts),
        "mismatch": _mismatch(facts, constants),
        "segmentation": sum(facts.overlaps) / len(facts.overlaps) if facts.overlaps else 0.0,
        "form": float(facts.form),
    }
    ranges = constants.ranges()
    return {name: min(max(v, ranges[name][0]), ranges[name][1]) for name, v in found.items()}


def total(parts: Mapping[str, float], constants: Constants) -> float:
    """Return the weighted sum of terms."""
    return float(sum(getattr(constants, name) * value for name, value in parts.items()))


def scaled(value: float, constants: Constants) -> float:
    """Return a sum on the scale from 0 (the least it can be) to 1 (the most)."""
    low, high = constants.bounds()
    return (value - low) / (high - low) if high > low else 0.0


def _items(facts: Facts, constants: Constants) -> float:
    if not facts.items:
        return 0.0
    sums = []
    for item in facts.items:
        paid = (
            constants.parsed * item.parsed
            + constants.formed * item.formed
            + constants.valid * item.valid
        )
        cells = [areas[frame] > 0 for areas in facts.areas for frame in item.frames]
        if cells:
            paid += constants.covered * sum(cells) / len(cells)
        sums.append(paid)
    return sum(sums) / len(sums)


def _count(distinct: int, constants: Constants) -> float:
    wanted = constants.keyframes
    if distinct <= wanted:
        return constants.each_keyframe * distinct
    return constants.each_keyframe * (2 * wanted - distinct - 1)


def _diversity(facts: Facts, constants: Constants) -> float:
    named = facts.named
    if not named:
        return 0.0
    again = len(named) - len(set(named))
    return (constants.overlap * again + constants.distinct * (len(named) - again)) / len(named)


def _saliency(facts: Facts, constants: Constants) -> float:
    """Return R_sal: how large the objects are on the keyframes, next to their largest."""
    keyframes = facts.keyframes(constants.keyframes)
    sizes: list[int] = [sum(areas) for areas in zip(*facts.areas, strict=True)]
    largest = max(sizes, default=0)
    if not keyframes or not largest:
        return 0.0
    return sum(sizes[frame] for frame in keyframes) / len(keyframes) / largest


def _alignment(facts: Facts) -> float:
    """Return R_A: the mean IoU of matched boxes over keyframes that show an object."""
    visible = {frame: boxes for frame, boxes in facts.true_boxes.items() if boxes}
    if not visible:
        return 0.0
    found = [matched_iou(facts.boxes.get(frame, ()), boxes) for frame, boxes in visible.items()]
    return sum(found) / len(found)


def _mismatch(facts: Facts, constants: Constants) -> float:
    if not facts.true_boxes or not facts.areas:
        return 0.0
    shares = [
        max(0, len(facts.boxes.get(frame, ())) - len(boxes)) / len(facts.areas)
        for frame, boxes in facts.true_boxes.items()
    ]
    return constants.extra_box * sum(shares) / len(shares)

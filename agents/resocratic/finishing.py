"""From the rows of all attempts to a data set: duplicates and copies out, families in one split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracegraph.agents.episode import Episode
from tracegraph.agents.resocratic.contamination import Gate
from tracegraph.agents.resocratic.overlap import GramIndex, TfIdf
from tracegraph.agents.resocratic.stages import Passage

# Between attempts; prefixes of one problem share their text by design.
_MOST_GRAMS = 0.6
_MOST_COSINE = 0.9
_TEST_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was left out, at which stage, why, and a report of what it is too near to."""

    key: str
    stage: str
    why: str
    report: Mapping[str, Any] = field(default_factory=dict)
    question: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A data set.

    Attributes:
        rows: with their overlap and split.
        rejections: what was left out after the attempts, and why.
        passages: what happened at every stage, of the attempts and after them.
    """

    rows: tuple[dict[str, Any], ...]
    rejections: tuple[Rejection, ...]
    passages: tuple[Mapping[str, Any], ...]


async def finish(episodes: Iterable[Episode], gate: Gate) -> Finished:
    """Return the data set of some attempts: the same for the same attempts, in any order."""
    done = sorted(episodes, key=lambda each: each.task)
    passages: list[Mapping[str, Any]] = [
        stage for each in done for stage in each.extra.get("stages", ())
    ]
    rows = [row for each in done for row in each.extra.get("rows", ())]
    kept, rejections = deduplicate(rows)
    passages += [_passage("dedup", row, rejections) for row in rows]
    overlaps = await gate.check_all([row["question"] for row in kept])
    clean = []
    for row, overlap in zip(kept, overlaps, strict=True):
        if overlap.clean:
            split = split_of(row["parent_id"])
            clean.append({**row, "overlap": overlap.to_json(), "split": split})
        else:
            rejections.append(
                Rejection(
                    row["key"], "decontaminate", overlap.why, overlap.to_json(), row["question"]
                )
            )
        passages.append(_passage("decontaminate", row, rejections))
    return Finished(tuple(clean), tuple(rejections), tuple(passages))


def deduplicate(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Rejection]]:
    """Return the rows that no earlier row of another attempt, or other level, is the same as.

    Two rows are the same if their models have the same canonical hash, or their questions share
    most of their 8-grams or words.
    """
    kept: list[dict[str, Any]] = []
    rejections: list[Rejection] = []
    hashes: dict[str, dict[str, Any]] = {}
    for row in rows:
        mark = row["model"]["hash"]
        twin = hashes.setdefault(mark, row)
        if (_attempt(twin), twin["level"]) != (_attempt(row), row["level"]):
            why = f"the same model: {twin['key']}"
            rejections.append(Rejection(row["key"], "dedup", why, {"hash": mark}, row["question"]))
            continue
        others = [each for each in kept if _attempt(each) != _attempt(row)]
        near = _nearest(row["question"], others)
        if near is not None:
            other, report = near
            why = f"the same words: {other['key']}"
            rejections.append(Rejection(row["key"], "dedup", why, report, row["question"]))
            if twin is row:
                del hashes[mark]
            continue
        kept.append(row)
    return kept, rejections


def split_of(family: str) -> str:
    """Return the split of a family: the same for all its items, and whatever else there is."""
    share = int(hashlib.sha256(family.encode()).hexdigest()[:8], 16) / 0x1_0000_0000
    return "test" if share < _TEST_SHARE else "train"


def _nearest(
    text: str, others: Sequence[dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    if not others:
        return None
    texts = [each["question"] for each in others]
    hit = GramIndex(texts).nearest(text)
    cosines = TfIdf(texts).similarity(text)
    alike = max(range(len(cosines)), key=cosines.__getitem__)
    if hit is not None and hit.share >= _MOST_GRAMS:
        return others[hit.index], {"grams": round(hit.share, 4)}
    if cosines[alike] >= _MOST_COSINE:
        return others[alike], {"cosine": round(cosines[alike], 4)}
    return None


def _attempt(row: Mapping[str, Any]) -> str:
    return str(row["key"]).partition(".")[0]


def _passage(stage: Any, row: Mapping[str, Any], rejections: Sequence[Rejection]) -> dict[str, Any]:
    why = next((r.why for r in rejections if r.key == row["key"] and r.stage == stage), "")
    return Passage(stage, str(row["key"]), not why, why, 0, "code").to_json()

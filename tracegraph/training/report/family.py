"""The candidates as a tree: who made them from what, how they scored, what the tests said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracegraph.training.report.changes import differences
from tracegraph.training.report.markup import Markup, chip, clipped, fold, join, section, table, tag
from tracegraph.training.review import Review, Tried, changed
from tracegraph.training.wording import number, score, title

_LOOKS = {"best": "good", "accepted": "good", "rejected": "bad", "pending": "warn"}
_SPLITS = ("train", "validation", "test")


def family(review: Review) -> Markup:
    """Return the tree; those that led to no test are listed shortly below their parent."""
    children: dict[str, list[Tried]] = {}
    for candidate in review.candidates.values():
        children.setdefault(candidate.parent, []).append(candidate)
    kept = _tested(review)
    roots = [_branch(review, root, children, kept) for root in children.get("", [])]
    count = len(review.candidates)
    return section(
        "Candidates",
        tag("ul", *roots, class_="tree"),
        note=f"{count} in all. A candidate takes the place of the proven one only after a test on "
        "fresh examples: an e-value of 20 is evidence of 20 to 1, and later tests need more.",
    )


def _tested(review: Review) -> set[str]:
    """Return the names of those with a decision, of the seed, and of all their ancestors."""
    kept = {review.seed.name, review.winner.name, review.waiting}
    kept |= {name for name in review.candidates if review.evidence(name) is not None}
    for name in list(kept):
        while name in review.candidates:
            kept.add(name)
            name = review.candidates[name].parent  # noqa: PLW2901 - up to the root
    return kept


def _branch(
    review: Review, candidate: Tried, children: Mapping[str, list[Tried]], kept: set[str]
) -> Markup:
    mine = children.get(candidate.name, [])
    inner = [_branch(review, child, children, kept) for child in mine if child.name in kept]
    others = [child for child in mine if child.name not in kept]
    listed = fold(f"{len(others)} not tested", _listed(candidate, others)) if others else None
    below = tag("ul", *inner, tag("li", listed, class_="others") if listed else None)
    return tag("li", _card(review, candidate), below if inner or listed else None)


def _card(review: Review, candidate: Tried) -> Markup:
    seed = not candidate.parent
    status = "seed" if seed and candidate.status in ("new", "tried") else candidate.status
    scores = [
        tag("span", f"{split} ", tag("b", score(mean)), tag("small", f" of {len(found)}"))
        for split in _SPLITS
        if (mean := candidate.mean(split)) is not None and (found := candidate.scores[split])
    ]
    parent = review.candidates.get(candidate.parent)
    moved = changed(parent, candidate) if parent else {}
    evidence = review.evidence(candidate.name)
    details = [
        tag("p", clipped(candidate.reasoning), class_="reason") if candidate.reasoning else None,
        differences(parent, candidate) if parent else None,
    ]
    return tag(
        "div",
        tag(
            "p",
            tag("code", candidate.name),
            chip(status, _LOOKS.get(candidate.status, "plain")),
            tag("span", candidate.optimizer, class_="soft") if candidate.optimizer else None,
            *(chip(title(name), "parameter") for name in moved),
            class_="top",
        ),
        tag("p", *scores, class_="scores"),
        tag("p", *evidence_words(evidence), class_="evidence") if evidence else None,
        fold("Reasoning and change", *details) if parent else None,
        class_="card",
    )


def evidence_words(told: Mapping[str, Any]) -> list[object]:
    """Return what a test found as a sentence."""
    low, high = told["interval"]
    said: list[object] = [
        f"Test against {told['against']}: ",
        tag("b", f"e-value {number(told['e_value'])}"),
        f" (needed {1 / told['alpha']:.0f}); {told['why']}; difference {told['difference']:+.3f} "
        f"({low:+.3f} to {high:+.3f}).",
    ]
    if told.get("reason"):
        said.append(f" A person said: {told['reason']}")
    return said


def _listed(parent: Tried, others: list[Tried]) -> Markup:
    rows: list[list[object]] = []
    for candidate in others:
        values = join(
            tag("div", f"{title(name)}: ", tag("code", clipped(str(after), 200)))
            for name, (_, after) in changed(parent, candidate).items()
        )
        mean = candidate.mean("train")
        tried = len(candidate.scores.get("train", {}))
        rows.append([tag("code", candidate.name), str(candidate.step), candidate.optimizer,
                     score(mean), str(tried), values])  # fmt: skip
    return table(["candidate", "step", "by", "training score", "examples", "values"], rows)

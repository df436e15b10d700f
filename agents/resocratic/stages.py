"""What happened at each stage of an attempt, and what that makes over many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Stage = Literal[
    "variables", "objective", "constraint", "mutation", "program", "certify", "question",
    "resolve", "dedup", "decontaminate",
]  # fmt: skip
STAGES: tuple[Stage, ...] = (
    "variables", "objective", "constraint", "mutation", "program", "certify", "question",
    "resolve", "dedup", "decontaminate",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passage:
    """One thing at one stage.

    Attributes:
        stage: where.
        item: which: a step, a level, a question.
        passed: whether it goes on.
        why: why not, in words.
        tries: how often the model was asked for it.
        by: who made what goes on: "model" or "code".
    """

    stage: Stage
    item: str
    passed: bool
    why: str = ""
    tries: int = 1
    by: str = "model"

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Yield:
    """The yield of one stage over many attempts.

    Attributes:
        entered, passed: how many things.
        tries: how often the model was asked for them.
        by_code: how many of those that passed were made by code, because the model's were not used.
        reasons: why the others did not pass, the most frequent first.
    """

    stage: str
    entered: int
    passed: int
    tries: int
    by_code: int
    reasons: tuple[tuple[str, int], ...] = ()


def yields(passages: Iterable[Mapping[str, Any]]) -> list[Yield]:
    """Return the yield of each stage that something entered, in their order."""
    known = list(passages)
    found = []
    for stage in STAGES:
        here = [each for each in known if each["stage"] == stage]
        if not here:
            continue
        reasons = Counter(_kind(each["why"]) for each in here if not each["passed"])
        found.append(
            Yield(
                stage, len(here), sum(each["passed"] for each in here),
                sum(each["tries"] for each in here),
                sum(each["passed"] and each["by"] == "code" for each in here),
                tuple(reasons.most_common(4)),
            )
        )  # fmt: skip
    return found


def _kind(why: str) -> str:
    """Return the beginning of a reason, without what belongs to one item only."""
    return why.partition(":")[0].partition(";")[0][:60] or "unknown"

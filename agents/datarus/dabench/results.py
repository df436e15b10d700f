"""What an evaluation found: accuracies as published, by level and concept, failures by kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracegraph.envs import RETRIED
from tracegraph.training.intervals import score_interval

if TYPE_CHECKING:
    from tracegraph.agents.datarus.dabench.questions import Question
    from tracegraph.agents.episode import Episode


@dataclass(frozen=True, slots=True)
class Results:
    """The numbers of an evaluation. Machine faults are in ``faults`` and in nothing else.

    Attributes:
        questions: how many were scored.
        by_question: the share with all parts right, and its 95 % interval.
        by_part: the share of sub-questions that are right.
        proportional: the mean share of right parts a question.
        tolerant: the share with all parts right within the tolerance.
        levels, concepts: share with all parts right and number of questions, by name.
        tokens: the mean tokens of prompts and answers a question.
        cells: the mean cells a question.
        failures: the kinds of failures, the most frequent first.
        repairs: what had to be repaired or was troubled, by kind.
        faults: episodes that a fault of the machine ended.
    """

    questions: int
    by_question: float
    interval: tuple[float, float]
    by_part: float
    proportional: float
    tolerant: float
    levels: Mapping[str, tuple[float, int]]
    concepts: Mapping[str, tuple[float, int]]
    tokens: float
    cells: float
    failures: Mapping[str, int]
    repairs: Mapping[str, int] = field(default_factory=dict)
    faults: int = 0


def summarize(questions: Iterable[Question], episodes: Sequence[Episode]) -> Results | None:
    """Return the numbers of episodes; None when not one was scored."""
    by_id = {question.id: question for question in questions}
    scored = [e for e in episodes if e.outcome not in RETRIED and e.task in by_id]
    if not scored:
        return None
    right = [float(e.outcome == "success") for e in scored]
    parts = [len(by_id[e.task].answers) for e in scored]
    shares = [e.rewards.get("exact_share", 0.0) for e in scored]
    levels: dict[str, list[float]] = defaultdict(list)
    concepts: dict[str, list[float]] = defaultdict(list)
    repairs: Counter[str] = Counter()
    for episode, hit in zip(scored, right, strict=True):
        question = by_id[episode.task]
        levels[question.level].append(hit)
        for concept in question.concepts:
            concepts[concept].append(hit)
        repairs.update(episode.notes)
    failed = [failure(e) for e in scored if e.outcome != "success"]
    n = len(scored)
    return Results(
        questions=n,
        by_question=sum(right) / n,
        interval=score_interval(right),
        by_part=sum(s * p for s, p in zip(shares, parts, strict=True)) / sum(parts),
        proportional=sum(shares) / n,
        tolerant=sum(e.rewards.get("tolerant", 0.0) for e in scored) / n,
        levels=_means(levels),
        concepts=_means(concepts),
        tokens=sum(e.tokens for e in scored) / n,
        cells=sum(t.observation is not None for e in scored for t in e.turns) / n,
        failures=dict(Counter(failed).most_common()),
        repairs=dict(repairs.most_common()),
        faults=len(episodes) - len(scored),
    )


def failure(episode: Episode) -> str:
    """Return why an episode failed, in a few words."""
    if not episode.answer:
        return {"errors": "errors in a row", "malformed": "malformed replies"}.get(
            episode.extra.get("ended", ""), "no answer"
        )
    if "is missing" in episode.feedback:
        return "a part of the answer is missing"
    if episode.rewards.get("tolerant") == 1:
        return "right but for rounding or spelling"
    if episode.rewards.get("exact_share", 0) > 0:
        return "some parts are wrong"
    ended = episode.extra.get("ended", "")
    if ended in ("steps", "repetition"):
        return f"wrong, after a forced end ({ended})"
    if any(t.observation and t.observation["status"] != "ok" for t in episode.turns):
        return "wrong, with failed cells"
    return "wrong values"


def _means(groups: Mapping[str, list[float]]) -> dict[str, tuple[float, int]]:
    return {name: (sum(hits) / len(hits), len(hits)) for name, hits in sorted(groups.items())}

"""Proposals from episodes that are stored already: no new rollouts, and so no proof.

An episode keeps what the model read and answered, not a graph. So each becomes a problem whose
calls are its turns, all of which may have used any of the prompts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracegraph.graph.subgraph import shorten
from tracegraph.optimizers import Optimizer, Problem, Proposal, Step, Trial
from tracegraph.optimizers.problem import Edge, Variable
from tracegraph.runs import StoredEpisode, version_of
from tracegraph.training.candidate import Candidate
from tracegraph.training.errors import TrainingError
from tracegraph.training.workflow import Workflow

# Faults of the machine say nothing about prompts.
_FAULTS = ("env_error", "eval_error")
_TURNS = (2, 6)  # at the beginning and at the end of a long episode
_LONG = 2000  # characters of what was read, answered or observed
_CALL = "play"
_DOCUMENTATION = {
    _CALL: "play(read, **prompts): The agent reads, answers, and the environment responds; turns "
    "follow each other; which of the prompts one used is not recorded.",
    "finish": "finish(*turns): The episode ends and is judged.",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What stored episodes led to.

    Attributes:
        seed: the values that the proposals start from, the workflow's present ones.
        proposals: the best first; nothing was measured about them.
        used: how many episodes there were to learn from.
        faults: how many were left out, because the machine and not the agent failed.
        score: the mean reward of those used; of the values that they were played with.
        other: for each parameter, how many episodes do not say that they were played with its
            present value; feedback of those may be about another text.
    """

    seed: Mapping[str, Any]
    proposals: Sequence[Proposal]
    used: int
    faults: int
    score: float
    other: Mapping[str, int]


async def propose(
    workflow: Workflow,
    episodes: Iterable[StoredEpisode],
    optimizer: Optimizer,
    *,
    shown: int = 12,
    count: int = 2,
    seed: int = 0,
) -> Found:
    """Return what an optimizer proposes for a workflow's prompts, after episodes.

    Args:
        workflow: whose prompts are to change; it is not run.
        episodes: with feedback or rewards.
        optimizer: who proposes.
        shown: episodes that it is shown, the worst first; it also gets the others as records.
        count: different proposals wanted.
        seed: makes it repeatable.

    Raises:
        TrainingError: no episode can be used, there is no prompt, or the optimizer searches by
            itself and needs scores.
        ModelError: the optimizer's model cannot be asked.
    """
    if not hasattr(optimizer, "propose"):
        raise TrainingError(
            f"{optimizer.name} measures its proposals itself and cannot work from episodes: choose "
            "another --optimizer, such as optoprime"
        )
    prompts = {n: p for n, p in workflow.parameters.items() if p.kind == "text"}
    if not prompts:
        raise TrainingError(f"{workflow.name} has no text parameter: episodes tell about prompts")
    every = list(episodes)
    usable = [episode for episode in every if episode.outcome not in _FAULTS]
    if not usable:
        raise TrainingError(f"none of the {len(every)} episodes can be learned from")
    values = {name: parameter.data for name, parameter in prompts.items()}
    variables = [
        Variable(name, values[name], p.kind, p.constraint or "", p.description)
        for name, p in prompts.items()
    ]
    problems = [problem_of(episode, variables) for episode in usable]
    problems.sort(key=lambda problem: problem.score or 0.0)
    scores = {problem.example: problem.score or 0.0 for problem in problems}
    name = Candidate(values).name
    step = Step(
        prompts,
        values,
        problems=problems[:shown],
        records=problems[shown:],
        history=[Trial(name, values, scores, feedback={p.example: p.feedback for p in problems})],
        candidate=name,
        objective=workflow.objective,
        seed=seed,
        count=count,
    )
    proposals = await optimizer.propose(step)
    mean = sum(scores.values()) / len(scores)
    other = {n: sum(not _played(e, v) for e in usable) for n, v in values.items()}
    return Found(values, proposals, len(usable), len(every) - len(usable), mean, other)


def problem_of(episode: StoredEpisode, variables: Sequence[Variable]) -> Problem:
    """Return an episode as a problem: its turns as calls that may have used every variable."""
    turns: list[dict[str, Any]] = episode.payload.get("turns", [])
    first, last = _TURNS
    kept = list(enumerate(turns, 1))
    if len(kept) > first + last:
        kept = kept[:first] + kept[-last:]
    names = [variable.name for variable in variables]
    lines, edges = [], []
    others: dict[str, str] = {}
    constants: dict[str, dict[str, str]] = {}
    for number, turn in kept:
        call, read = f"turn{number}", _read(turn.get("messages", []))
        given = [f"{name}={name}" for name in names]
        edges += [Edge(name, call, name) for name in names]
        if read:
            constants[call] = {"read": read}
            given.append(f"read={shorten(repr(read), 60)}")
        lines.append(f"{call} = {_CALL}({', '.join(given)})")
        others[call] = _result(turn)
    edges += [Edge(call, "ended", call) for call in others]
    return Problem(
        (*lines, f"ended = finish({', '.join(others)})"),
        _DOCUMENTATION,
        tuple(variables),
        {},
        others,
        {"ended": _ending(episode)},
        _feedback(episode),
        _score(episode),
        episode.key,
        len(turns) - len(kept),
        tuple(edges),
        constants,
    )


def _read(messages: Iterable[Mapping[str, Any]]) -> str:
    # The system message is a prompt, which is among the variables; answers are results of turns.
    said = [_text(m.get("content")) for m in messages if m.get("role") not in _OWN]
    return shorten("\n".join(filter(None, said)), _LONG)


_OWN = ("system", "developer", "assistant")


def _text(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(
            str(part["text"]) if "text" in part else "[picture]"
            for part in content
            if isinstance(part, Mapping)
        )
    return "" if content is None else str(content)


def _result(turn: Mapping[str, Any]) -> str:
    observed = turn.get("observation")
    if isinstance(observed, Mapping):
        # A picture's hash says nothing.
        observed = {name: each for name, each in observed.items() if each and name != "blob"}
    parts = [("", turn.get("answer")), ("observed: ", observed)]
    troubles = ", ".join(turn.get("notes") or {})
    told = [f"{head}{shorten(str(what), _LONG)}" for head, what in parts if what]
    return "\n".join([*told, *([f"troubles: {troubles}"] if troubles else [])])


def _ending(episode: StoredEpisode) -> str:
    answer = episode.payload.get("answer")
    return f"{episode.outcome}: {shorten(str(answer), _LONG)}" if answer else episode.outcome


def _feedback(episode: StoredEpisode) -> str:
    payload = episode.payload
    return "\n".join(_said(payload)) or f"The episode ended as {episode.outcome}."


def _said(payload: Mapping[str, Any]) -> Iterator[str]:
    for key in ("feedback", "error"):
        if payload.get(key):
            yield str(payload[key])


def _score(episode: StoredEpisode) -> float:
    return float(episode.outcome == "success") if episode.reward is None else episode.reward


def _played(episode: StoredEpisode, value: Any) -> bool:
    # By the hash alone: agents call their prompts by shorter names than the workflow does.
    return version_of(value) in episode.payload.get("policy", {}).values()

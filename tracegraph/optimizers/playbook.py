"""Playbook: what feedback says again and again becomes lines of a prompt; no model is asked.

Source: after Zhang et al. 2025, "Agentic Context Engineering": a context grows by small items
instead of being rewritten. Here the items are the statements of the feedback themselves.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from tracegraph.optimizers.checking import checked_for
from tracegraph.optimizers.demos import holds_demos
from tracegraph.optimizers.problem import as_text
from tracegraph.optimizers.proposal import Proposal
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.stepping import Stepping
from tracegraph.optimizers.variables import part

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracegraph.graph.module import ParameterContainer
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.optimizers.optimizer import Step
    from tracegraph.optimizers.problem import Problem

HEADING = "Keep in mind:"
_STATEMENT = re.compile(r"(?<=[.;!?])\s+|\n+")
_WORDS = 4  # a statement of fewer words says nothing by itself
_OFTEN = 2  # what is said of one example only is about that example


class Playbook(Stepping):
    """Adds statements that feedback repeats to a text.

    The first proposal has the most frequent statements, the others parts of them by lot.

    Args:
        parameters: what may change, to step by hand; None for a trainer.
        lines: the most statements of a playbook.
        seed: makes the steps repeatable.
    """

    name = "playbook"
    kinds = frozenset({"text"})

    def __init__(
        self,
        parameters: Iterable[ParameterNode[Any]] | ParameterContainer | None = None,
        *,
        lines: int = 8,
        seed: int = 0,
    ) -> None:
        super().__init__(parameters, seed=seed)
        self.lines = lines

    async def propose(self, step: Step) -> list[Proposal]:
        """Return texts with more statements; none where feedback repeats nothing new."""
        names = [name for name in step.movable if self._fits(step, name)]
        if not names:
            return []
        (name, *_) = part(step, names, self.name)
        text = as_text(step.values.get(name, step.parameters[name].data))
        found = statements([*step.problems, *step.records])
        new = [each for each in found if each not in text][: self.lines - len(listed(text))]
        made: list[Proposal] = []
        for number in range(3 * step.count):
            chance = random.Random(derive(step.seed, "playbook", number))
            chosen = new
            if number and len(new) > 1:
                size = chance.randrange(1, len(new))
                chosen = [new[i] for i in sorted(chance.sample(range(len(new)), size))]
            proposal = self._proposal(step, name, text, chosen)
            if proposal is not None and all(proposal.values != p.values for p in made):
                made.append(proposal)
            if len(made) == step.count:
                break
        return made

    def _fits(self, step: Step, name: str) -> bool:
        parameter = step.parameters[name]
        return parameter.kind == "text" and not holds_demos(
            parameter.kind, name, parameter.description
        )

    def _proposal(self, step: Step, name: str, text: str, chosen: Sequence[str]) -> Proposal | None:
        for size in range(len(chosen), 0, -1):
            value = with_lines(text, chosen[:size])
            accepted, _ = checked_for(step, {name: value})
            if accepted:
                said = f"Feedback says again and again: {'; '.join(chosen[:size])}"
                return Proposal(accepted, self.name, said)
        return None


def statements(problems: Sequence[Problem]) -> list[str]:
    """Return what feedback says of failures on several examples, the most frequent first."""
    said: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for number, problem in enumerate(problems):
        if problem.score is not None and problem.score >= 1:
            continue
        about = problem.example or f"run {number}"
        for piece in _STATEMENT.split(problem.feedback):
            statement = piece.strip(" .;-")
            if _is_statement(statement) and (about, statement) not in seen:
                seen.add((about, statement))
                said[statement] += 1
    return [text for text, count in said.most_common() if count >= _OFTEN]


def _is_statement(part: str) -> bool:
    # Braces would be places to fill in a prompt that is a template.
    return len(part.split()) >= _WORDS and not set("{}") & set(part)


def listed(text: str) -> list[str]:
    """Return the statements that a text has already."""
    _, heading, rest = text.partition(f"\n{HEADING}\n")
    return [line[2:] for line in rest.splitlines() if line.startswith("- ")] if heading else []


def with_lines(text: str, new: Sequence[str]) -> str:
    """Return the text with statements added to its playbook."""
    lines = [f"- {each}" for each in new]
    if listed(text):
        return "\n".join([text.rstrip(), *lines])
    return "\n".join([text.rstrip(), "", HEADING, *lines])

"""Reflective Pareto evolution: improve what is best somewhere, one parameter at a time; merge.

Source: Agrawal et al. 2025, "GEPA: Reflective Prompt Evolution Can Outperform Reinforcement
Learning". What is new here: the runs show each parameter what happened where it was used, and the
parameter to change comes from the measured blame.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tracegraph import prompts
from tracegraph.graph.subgraph import shorten
from tracegraph.optimizers.answer import Answer, as_proposals, ask_all
from tracegraph.optimizers.ask import Question, ask
from tracegraph.optimizers.checking import checked_for
from tracegraph.optimizers.compact import compact_question, distinct, examples_text
from tracegraph.optimizers.front import drawn, front
from tracegraph.optimizers.language import LanguageOptimizer
from tracegraph.optimizers.merge import mergers
from tracegraph.optimizers.problem import Problem, as_text
from tracegraph.optimizers.proposal import Proposal
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.variables import askable, failures_first, variable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracegraph.graph.module import ParameterContainer
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.models.client import LLM
    from tracegraph.optimizers.optimizer import Step, Trial

__all__ = ["Pareto", "front"]

_RUNS = 6  # of a minibatch that a model reflects on


class Pareto(LanguageOptimizer):
    """Draws a parent from the front over examples, and lets a model reflect on one parameter of it.

    Two candidates that became better in different places are merged, which asks no model.

    Args:
        parameters: what may change, to step by hand; None for a trainer.
        llm: a client, or a model's name; None is the default model.
        objective: what the workflow is for, in words.
        seed: makes the steps repeatable.
        merging: how often a possible merger is proposed before a reflection, from 0 to 1.
        temperature: of the reflections.
    """

    name = "pareto"

    def __init__(
        self,
        parameters: Iterable[ParameterNode[Any]] | ParameterContainer | None = None,
        *,
        llm: LLM | str | None = None,
        objective: str = "",
        seed: int = 0,
        merging: float = 0.5,
        temperature: float = 0.8,
    ) -> None:
        super().__init__(parameters, llm=llm, objective=objective, seed=seed)
        self.merging = merging
        self.temperature = temperature

    async def propose(self, step: Step) -> list[Proposal]:
        """Return at most one merger, and reflections."""
        names = askable(step, self.kinds)
        merged = self._merged(step)
        wanted = step.count - len(merged)
        if not names or not wanted:
            return merged
        parents = [self._parent(step, number) for number in range(wanted)]
        answers = await ask_all(
            self._reflect(step, parent, names, number)
            for number, parent in enumerate(parents)
            if parent.problems
        )
        return [*merged, *as_proposals(answers, self.name, wanted)]

    def _merged(self, step: Step) -> list[Proposal]:
        chance = random.Random(derive(step.seed, "merge"))
        if chance.random() >= self.merging:
            return []
        for made in mergers(step.history, list(front(step.history))):
            different = {n: v for n, v in made.values.items() if n in step.movable}
            values, refused = checked_for(step, different)
            if values and not refused:
                one, other = made.parents
                text = f"What {one} and {other} each improved since {made.ancestor}, together."
                return [Proposal(values, self.name, text, parents=made.parents)]
        return []

    def _parent(self, step: Step, number: int) -> Step:
        """Return the step of the candidate to improve: the given one first, then of the front."""
        weights = front(step.history)
        if not weights or (number == 0 and (step.candidate in weights or not step.candidate)):
            return step
        chosen = drawn(weights, derive(step.seed, "parent", number))
        trial = next(trial for trial in step.history if trial.id == chosen)
        if chosen == step.candidate:
            return step
        values = {**step.values, **trial.values}
        return replace(step, values=values, problems=remembered(step, trial), candidate=chosen)

    async def _reflect(self, step: Step, parent: Step, names: list[str], number: int) -> Answer:
        # Without blame the parameters take turns.
        turn = number if step.focus else len(step.history) + number
        name = names[turn % len(names)]
        answer = await ask(
            self.llm,
            parent,
            self.question(parent, name, parts=bool((step.seed + number) % 2)),
            seed=derive(step.seed, "reflect", number),
            temperature=self.temperature,
        )
        if parent is step or not answer.values:
            return answer
        # As a change of the candidate that was to be improved, it brings its parent along.
        whole = {**parent.values, **answer.values}
        values = {n: v for n, v in whole.items() if n in step.values and v != step.values[n]}
        return replace(answer, values=values)

    def question(self, step: Step, name: str, *, parts: bool = False) -> Question:
        """Return the question that asks to reflect on one parameter.

        Args:
            step: what is known of its candidate.
            name: the parameter.
            parts: whether to ask a small model for an instruction in parts.
        """
        target = variable(step, name)
        if self.small and target.kind in ("text", "code"):
            return compact_question(step, name, parts=parts)
        runs = distinct(failures_first(step.problems), name)[:_RUNS]
        text = prompts.load("optimizers/reflect").format(
            objective=shorten(step.objective, 600),
            name=name,
            about=f"{target.description.rstrip('.')}." if target.description else "",
            value=as_text(target.value).rstrip("\n"),
            examples=examples_text(runs, name, 200 if self.small else 800),
            rules=f"The new value {target.constraint.rstrip('.')}." if target.constraint else "",
        )
        message = {"role": "user", "content": text}
        return Question([message], [name], insist=True, reasoning=300 if self.small else None)


def remembered(step: Step, trial: Trial) -> list[Problem]:
    """Return what is remembered of the runs of a candidate: the feedback, and known inputs."""
    known = {problem.example: problem for problem in (*step.records, *step.problems)}
    return [
        # What came out then is not remembered, only what was said about it.
        replace(
            known.get(example, Problem((), {}, (), {}, {}, {}, "")),
            others={},
            outputs={},
            feedback=said,
            score=trial.scores.get(example),
            example=example,
        )
        for example, said in trial.feedback.items()
    ]

"""OPRO: a model continues the list of what was tried, from the worst to the best.

Source: Yang et al. 2023, "Large Language Models as Optimizers".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracegraph.graph.subgraph import shorten
from tracegraph.optimizers.answer import as_proposals, ask_all
from tracegraph.optimizers.ask import Question, ask
from tracegraph.optimizers.compact import examples_text
from tracegraph.optimizers.language import LanguageOptimizer
from tracegraph.optimizers.memory import trial_lines
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.variables import askable, failures_first, part, variable
from tracegraph.prompts import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracegraph.graph.module import ParameterContainer
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.models.client import LLM
    from tracegraph.optimizers.optimizer import Step, Trial
    from tracegraph.optimizers.proposal import Proposal


class OPRO(LanguageOptimizer):
    """Shows the best of what was tried with the scores, ascending, and asks for something better.

    It learns from scores alone, so it wants to see some between two looks at the examples.

    Args:
        parameters: what may change, to step by hand; None for a trainer.
        llm: a client, or a model's name; None is the default model.
        objective: what the workflow is for, in words.
        seed: makes the steps repeatable.
        shown: how many trials the model sees.
        examples: how many runs it sees.
        per_step: how many times in one step it proposes and wants to see the scores.
        temperature: of the samples; the paper's is 1.
    """

    name = "opro"

    def __init__(
        self,
        parameters: Iterable[ParameterNode[Any]] | ParameterContainer | None = None,
        *,
        llm: LLM | str | None = None,
        objective: str = "",
        seed: int = 0,
        shown: int = 12,
        examples: int = 3,
        per_step: int = 3,
        temperature: float = 1.0,
    ) -> None:
        super().__init__(parameters, llm=llm, objective=objective, seed=seed)
        self.shown = shown
        self.examples = examples
        self.per_step = per_step
        self.temperature = temperature

    def rounds(self, step: Step) -> int:
        """Return how many times it wants to see scores before the next step."""
        return self.per_step

    async def propose(self, step: Step) -> list[Proposal]:
        """Return what the model suggests: one sample a proposal that is wanted."""
        names = askable(step, self.kinds)
        if self.small and names:
            names = part(step, names, self.name)
        if not names:
            return []
        messages = [{"role": "user", "content": self.text(step, names)}]
        question = Question(messages, names, insist=True, reasoning=300 if self.small else None)
        answers = await ask_all(
            ask(
                self.llm,
                step,
                question,
                seed=derive(step.seed, "opro", step.round, i),
                temperature=self.temperature,
            )
            for i in range(step.count)
        )
        return as_proposals(answers, self.name, step.count)

    def text(self, step: Step, names: Sequence[str]) -> str:
        """Return the prompt."""
        long = 300 if self.small else 1500
        variables = [variable(step, name) for name in names]
        shown = [
            f"- {v.name} ({v.kind}{', ' + v.constraint if v.constraint else ''}) {v.description}"
            for v in variables
        ]
        runs = failures_first(step.problems)[: self.examples]
        examples = examples_text(runs, names[0], long // 2)
        return load("optimizers/opro").format(
            objective=shorten(step.objective, 1000),
            variables="\n".join(line.rstrip() for line in shown),
            history="\n\n".join(
                "\n".join(trial_lines(trial, names, long, said=0))
                for trial in ascending(step, names, self.shown)
            ),
            examples=f"\nSome of what happened with the present values:\n{examples}\n"
            if examples
            else "",
        )


def ascending(step: Step, names: Sequence[str], most: int) -> list[Trial]:
    """Return the best trials that differ in these parameters, the best one last."""
    best: dict[str, Trial] = {}
    for trial in step.history:
        if trial.score is None:
            continue
        key = repr([trial.values.get(name) for name in names])
        if key not in best or trial.score > (best[key].score or 0.0):
            best[key] = trial
    return sorted(best.values(), key=lambda trial: trial.score or 0.0)[-most:]

"""TextGrad: criticism travels backward, node by node; then the parameters are rewritten.

Source: Yuksekgonul et al. 2024, "TextGrad: Automatic Differentiation via Text".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tracegraph import prompts
from tracegraph.graph.subgraph import shorten
from tracegraph.optimizers.answer import Answer, as_proposals, ask_all
from tracegraph.optimizers.ask import Question, ask
from tracegraph.optimizers.gradients import Gradients, gradients
from tracegraph.optimizers.language import LanguageOptimizer
from tracegraph.optimizers.problem import as_text
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.variables import askable, failures_first, variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tracegraph.graph.module import ParameterContainer
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.models.client import LLM
    from tracegraph.optimizers.optimizer import Step
    from tracegraph.optimizers.proposal import Proposal


class TextGrad(LanguageOptimizer):
    """Asks about each call between the outputs and the parameters, then rewrites each parameter.

    Args:
        parameters: what may change, to step by hand; None for a trainer.
        llm: a client, or a model's name; None is the default model.
        objective: what the workflow is for, in words.
        seed: makes the steps repeatable.
        runs: how many runs are criticised, the failures first; each costs a call a node.
        temperature: of all rewritings but the first.
    """

    name = "textgrad"

    def __init__(
        self,
        parameters: Iterable[ParameterNode[Any]] | ParameterContainer | None = None,
        *,
        llm: LLM | str | None = None,
        objective: str = "",
        seed: int = 0,
        runs: int = 3,
        temperature: float = 0.8,
    ) -> None:
        super().__init__(parameters, llm=llm, objective=objective, seed=seed)
        self.runs = runs
        self.temperature = temperature

    async def propose(self, step: Step) -> list[Proposal]:
        """Return proposals that rewrite every parameter that was criticised."""
        names = askable(step, self.kinds)
        if not names or not step.problems:
            return []
        found = await self._criticise(step, names)
        texts = {
            name: list(dict.fromkeys(text for one in found for text in one.texts.get(name, ())))
            for name in names
        }
        answers = await ask_all(self._rewrite(step, texts, i) for i in range(step.count))
        proposals = as_proposals([a for a in answers if a is not None], self.name, step.count)
        if proposals:
            tokens = sum(one.tokens for one in found)
            malformed = sum(one.malformed for one in found)
            first = proposals[0]
            proposals[0] = replace(
                first, tokens=first.tokens + tokens, malformed=first.malformed + malformed
            )
        return proposals

    async def _criticise(self, step: Step, names: Sequence[str]) -> list[Gradients]:
        return await ask_all(
            gradients(
                self.llm,
                problem,
                names,
                objective=step.objective,
                seed=derive(step.seed, "gradient", i),
                long=300 if self.small else 800,
            )
            for i, problem in enumerate(failures_first(step.problems)[: self.runs])
        )

    async def _rewrite(
        self, step: Step, texts: Mapping[str, Sequence[str]], sample: int
    ) -> Answer | None:
        """Return one answer with a new value for each criticised parameter."""
        answers = await ask_all(
            ask(
                self.llm,
                step,
                self.question(step, name, said),
                seed=derive(step.seed, "rewrite", name, sample),
                temperature=self.temperature if sample else 0.0,
            )
            for name, said in texts.items()
            if said
        )
        if not answers:
            return None
        return Answer(
            {name: value for answer in answers for name, value in answer.values.items()},
            {name: why for answer in answers for name, why in answer.refused.items()},
            "\n".join(f"{name}: {' '.join(said)}" for name, said in texts.items() if said),
            sum(answer.malformed for answer in answers),
            sum(answer.tokens for answer in answers),
            "\n\n".join(answer.shown for answer in answers),
        )

    def question(self, step: Step, name: str, said: Sequence[str]) -> Question:
        """Return the question that asks to rewrite one parameter."""
        target = variable(step, name)
        text = prompts.load("optimizers/rewrite").format(
            objective=shorten(step.objective, 600),
            kind=target.kind,
            name=name,
            about=f"{target.description.rstrip('.')}. " if target.description else "",
            value=as_text(target.value).rstrip("\n"),
            gradients="\n".join(f"- {' '.join(each.split())}" for each in said),
            rules=f"The new value {target.constraint.rstrip('.')}." if target.constraint else "",
        )
        message = {"role": "user", "content": text}
        return Question([message], [name], insist=True, reasoning=300 if self.small else None)

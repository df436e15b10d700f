"""OptoPrime: a model reads the trace as a program and suggests new values.

Source: Cheng, Nie, Swaminathan 2024, "Trace is the New AutoDiff", section 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracegraph import prompts
from tracegraph.optimizers.answer import Answer, as_proposals, ask_all
from tracegraph.optimizers.ask import Question, ask
from tracegraph.optimizers.compact import compact_question
from tracegraph.optimizers.language import LanguageOptimizer
from tracegraph.optimizers.memory import memory_text
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.text import ProblemText, problem_text
from tracegraph.optimizers.variables import askable, failures_first, part, variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracegraph.graph.module import ParameterContainer
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.models.client import LLM
    from tracegraph.optimizers.optimizer import Step
    from tracegraph.optimizers.proposal import Proposal

DEFAULT_OBJECTIVE = (
    "Change the values of the variables in #Variables so that the outputs become better"
    " according to #Feedback."
)
_SMALL_LIMIT = 3000  # characters of a problem that a small model can use


class OptoPrime(LanguageOptimizer):
    """Asks for new values of all parameters in focus at once, from the problems' text.

    For a small model the problem is cut down: one text or function at a time, or all numbers and
    choices together, with a few failures; and several samples instead of one greedy answer.

    Args:
        parameters: what may change, to step by hand; None for a trainer.
        llm: a client, or a model's name; None is the default model.
        objective: what the workflow is for, in words.
        seed: makes the steps repeatable.
        memory: how many earlier attempts the model is told of.
        compact: whether to cut problems down; None: for models that run here.
        temperature: of all answers but the first, which is greedy unless the form is compact.
        limit: the most characters of the problem's text.
    """

    name = "optoprime"

    def __init__(
        self,
        parameters: Iterable[ParameterNode[Any]] | ParameterContainer | None = None,
        *,
        llm: LLM | str | None = None,
        objective: str = "",
        seed: int = 0,
        memory: int = 3,
        compact: bool | None = None,
        temperature: float = 0.8,
        limit: int = 24_000,
    ) -> None:
        super().__init__(parameters, llm=llm, objective=objective, seed=seed)
        self.memory = memory
        self.compact = compact
        self.temperature = temperature
        self.limit = limit

    async def propose(self, step: Step) -> list[Proposal]:
        """Return what the model suggests: one answer a proposal that is wanted."""
        names = askable(step, self.kinds)
        if not names or not step.problems:
            return []
        return as_proposals(await self.answers(step, names, step.count), self.name, step.count)

    async def answers(self, step: Step, names: list[str], count: int) -> list[Answer]:
        """Ask ``count`` times at once; a small model is asked again when it gave nothing."""
        small = self.small if self.compact is None else self.compact
        if not small:
            questions = [self.question(step, names)] * count
            return await self._samples(step, questions, [0.0] + [self.temperature] * (count - 1))
        # Every other sample in parts; which comes first changes from step to step.
        kinds = [bool((step.seed + i) % 2) for i in range(count + 1)]
        questions = [self.small_question(step, names, parts=parts) for parts in kinds]
        answers = await self._samples(step, questions[:count], [self.temperature] * count)
        if not any(answer.values for answer in answers):
            answers += await self._samples(step, questions[count:], [1.0], first=count)
        return answers

    async def _samples(
        self,
        step: Step,
        questions: Sequence[Question],
        temperatures: Sequence[float],
        first: int = 0,
    ) -> list[Answer]:
        return await ask_all(
            self._ask(step, question, derive(step.seed, "sample", i), temperature)
            for i, (question, temperature) in enumerate(
                zip(questions, temperatures, strict=True), first
            )
        )

    async def _ask(self, step: Step, question: Question, seed: int, temperature: float) -> Answer:
        return await ask(self.llm, step, question, seed=seed, temperature=temperature)

    def question(self, step: Step, names: list[str]) -> Question:
        """Return the question about all the parameters."""
        shown = self.text(step, names, self.limit)
        parts = [shown.text, memory_text(step, names, last=self.memory)]
        if shown.shortened:
            listed = ", ".join(list(shown.shortened)[:20])
            parts.append(f'Put one name in "show" to see that value whole first: {listed}.')
        parts.append("Your answer:")
        messages = [
            {"role": "system", "content": prompts.load("optimizers/optoprime").format()},
            {"role": "user", "content": "\n\n".join(filter(None, parts))},
        ]
        showable = dict(list(shown.shortened.items())[:20])
        return Question(messages, names, showable, asks=True)

    def text(self, step: Step, names: list[str], limit: int, long: int = 1200) -> ProblemText:
        """Return the problems' text, the failures first."""
        return problem_text(
            failures_first(step.problems),
            variables=[variable(step, name) for name in names],
            objective=step.objective or DEFAULT_OBJECTIVE,
            long=long,
            limit=limit,
        )

    def small_question(self, step: Step, names: list[str], *, parts: bool = False) -> Question:
        """Return a question that a small model can use: about one text, or the short values.

        Args:
            step: what is known.
            names: the parameters that may change.
            parts: whether to ask for an instruction in parts, where the text is an instruction.
        """
        short = part(step, names, self.name)
        if step.parameters[short[0]].kind in ("text", "code"):
            return compact_question(step, short[0], parts=parts)
        text = self.text(step, short, _SMALL_LIMIT, long=200).text
        shown = [text, memory_text(step, short, last=self.memory, long=100)]
        message = {
            "role": "user",
            "content": prompts.load("optimizers/compact_values").format(
                problem="\n\n".join(filter(None, shown)), names=", ".join(short)
            ),
        }
        return Question([message], short, insist=True, reasoning=300)

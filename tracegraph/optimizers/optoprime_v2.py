"""OptoPrime v2: sections and answers between tags, which read better for long texts and code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tracegraph import prompts
from tracegraph.graph.subgraph import shorten
from tracegraph.optimizers.answer import Answer, added
from tracegraph.optimizers.ask import WHOLE, Message, Question, messages_text, refusal, room
from tracegraph.optimizers.checking import checked_for, known_already
from tracegraph.optimizers.memory import memory_text
from tracegraph.optimizers.optoprime import DEFAULT_OBJECTIVE, OptoPrime
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.tagged import Tagged, read_tagged
from tracegraph.optimizers.text import problem_text
from tracegraph.optimizers.variables import failures_first, variable

if TYPE_CHECKING:
    from tracegraph.models.types import Completion
    from tracegraph.optimizers.optimizer import Step
    from tracegraph.optimizers.text import ProblemText


class OptoPrimeV2(OptoPrime):
    """OptoPrime with tags; takes the same arguments.

    A model that is not kept to a schema writes long values better, and may make more mistakes of
    form: an answer without values is asked for once more.
    """

    name = "optoprime-v2"

    def question(self, step: Step, names: list[str]) -> Question:
        """Return the question about all the parameters."""
        shown = self.text(step, names, self.limit)
        parts = [shown.text, memory_text(step, names, last=self.memory), "Your answer:"]
        messages = [
            {"role": "system", "content": prompts.load("optimizers/optoprime_v2").format()},
            {"role": "user", "content": "\n\n".join(filter(None, parts))},
        ]
        return Question(messages, names, shown.shortened)

    def small_question(self, step: Step, names: list[str], *, parts: bool = False) -> Question:
        """Return the compact question, and how to answer it: always for a whole value."""
        asked = super().small_question(step, names)
        form = prompts.load("optimizers/tagged_answer").format(names=", ".join(asked.names))
        content = f"{asked.messages[0]['content']}\n\n{form}"
        return replace(asked, messages=[{"role": "user", "content": content}])

    def text(self, step: Step, names: list[str], limit: int, long: int = 1200) -> ProblemText:
        """Return the problems' text between tags, the failures first."""
        return problem_text(
            failures_first(step.problems),
            variables=[variable(step, name) for name in names],
            objective=step.objective or DEFAULT_OBJECTIVE,
            long=long,
            limit=limit,
            tags=True,
        )

    async def _ask(self, step: Step, question: Question, seed: int, temperature: float) -> Answer:
        messages = [dict(message) for message in question.messages]
        options: dict[str, Any] = {"temperature": temperature, "parent": "optimizer"}
        options["max_tokens"] = room(step, question.names)
        reply = await self.llm.complete(messages, seed=seed, **options)
        said = self._read(step, question, reply)
        answer = _answer(step, question, said, reply, messages)
        if said.show in question.showable:
            whole = shorten(question.showable[said.show], WHOLE)
            text = prompts.load("optimizers/whole").format(name=said.show, value=whole)
            messages += [_said(reply), {"role": "user", "content": text}]
            reply = await self.llm.complete(messages, seed=derive(seed, "whole"), **options)
            said = self._read(step, question, reply)
            answer = added(answer, _answer(step, question, said, reply, messages), keep=False)
        if not answer.refused:
            return answer
        if "answer" in answer.refused:
            text = prompts.load("optimizers/no_tags").format(names=", ".join(question.names))
            again = [*messages, _said(reply), {"role": "user", "content": text}]
        else:
            again = [*messages, _said(reply), refusal(answer.refused)]
        reply = await self.llm.complete(again, seed=derive(seed, "refused"), **options)
        said = self._read(step, question, reply)
        return added(answer, _answer(step, question, said, reply, again), keep=True)

    def _read(self, step: Step, question: Question, reply: Completion[Any]) -> Tagged:
        return read_tagged(reply.text, question.names, step.parameters, step.values)


def _answer(
    step: Step,
    question: Question,
    said: Tagged,
    reply: Completion[Any],
    messages: list[Message],
) -> Answer:
    values, refused = checked_for(step, said.values)
    if not said.values and said.show not in question.showable:
        refused = {"answer": "it holds no value of a variable"}
    wrong = bool(refused)
    if question.insist and said.values and not refused and (known := known_already(step, values)):
        values, refused = {}, dict.fromkeys(said.values, known)
    return Answer(
        values, refused, said.reasoning, int(wrong), reply.usage.tokens, messages_text(messages)
    )


def _said(reply: Completion[Any]) -> Message:
    return {"role": "assistant", "content": reply.text}

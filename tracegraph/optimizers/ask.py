"""One question to a model: new values for parameters, checked, sent back once when refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tracegraph import prompts
from tracegraph.graph.subgraph import shorten
from tracegraph.models.errors import SchemaError
from tracegraph.optimizers.answer import Answer, added
from tracegraph.optimizers.checking import checked_for, known_already
from tracegraph.optimizers.parts import Parts, assembled
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.suggestion import answer_form, suggested

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from tracegraph.models.client import LLM
    from tracegraph.models.types import Completion
    from tracegraph.optimizers.optimizer import Step

WHOLE = 8000  # characters of a value that was asked for

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked.

    Attributes:
        messages: the text, in OpenAI's form.
        names: the parameters that the answer may change.
        showable: whole values by name, of which the messages show only a part.
        asks: whether the answer has room for an answer to the objective.
        insist: whether what is in force or was tried before is refused as an answer.
        reasoning: the most characters of reasoning; None for any.
        parts: whether the answer is the one parameter's new text in parts.
    """

    messages: Sequence[Message]
    names: Sequence[str]
    showable: Mapping[str, str] = field(default_factory=dict)
    asks: bool = False
    insist: bool = False
    reasoning: int | None = None
    parts: bool = False


async def ask(
    llm: LLM, step: Step, question: Question, *, seed: int, temperature: float = 0.0
) -> Answer:
    """Ask for values; show one shortened value whole if asked to; send back what is refused once.

    Raises:
        BudgetExceeded: before the call that the budget does not cover.
        RequestError: the model cannot be reached.
    """
    messages = [dict(message) for message in question.messages]
    options: dict[str, Any] = {"temperature": temperature, "seed": seed}
    options["max_tokens"] = room(step, question.names)
    form = _form(step, question, question.names, showable=list(question.showable))
    first = await _complete(llm, messages, form, options)
    answer = _read(step, question, first, messages)
    wanted = getattr(first.parsed, "show", None) if not isinstance(first, SchemaError) else None
    if wanted is not None and not isinstance(first, SchemaError):
        text = prompts.load("optimizers/whole").format(
            name=wanted, value=shorten(question.showable[wanted], WHOLE)
        )
        messages += [_said(first), {"role": "user", "content": text}]
        form = _form(step, question, question.names)
        first = await _complete(llm, messages, form, {**options, "seed": derive(seed, "whole")})
        answer = added(answer, _read(step, question, first, messages), keep=False)
    if not answer.refused or isinstance(first, SchemaError):
        return answer
    again = [*messages, _said(first), refusal(answer.refused)]
    form = _form(step, question, [name for name in question.names if name in answer.refused])
    second = await _complete(llm, again, form, {**options, "seed": derive(seed, "refused")})
    return added(answer, _read(step, question, second, again), keep=True)


def messages_text(messages: Sequence[Message]) -> str:
    """Return messages as one text, for the record."""
    return "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in messages)


async def _complete(
    llm: LLM, messages: list[Message], form: type[BaseModel], options: dict[str, Any]
) -> Completion[BaseModel] | SchemaError:
    try:
        return await llm.complete(messages, schema=form, parent="optimizer", **options)
    except SchemaError as error:
        error.malformed = getattr(llm, "repairs", 0) + 1  # type: ignore[attr-defined]
        return error


def _read(
    step: Step,
    question: Question,
    reply: Completion[BaseModel] | SchemaError,
    messages: Sequence[Message],
) -> Answer:
    shown = messages_text(messages)
    if isinstance(reply, SchemaError):
        wrong = int(getattr(reply, "malformed", 1))
        return Answer({}, {"answer": reply.problem}, malformed=wrong, shown=shown)
    assert reply.parsed is not None, "complete() raises when no choice fits the schema"
    parsed = reply.parsed
    if isinstance(parsed, Parts):
        (name,) = question.names
        given = {name: assembled(str(step.values[name]), parsed)}
        reasoning = parsed.mistake
    else:
        given = suggested(parsed)
        reasoning = str(getattr(parsed, "reasoning", ""))
    values, refused = checked_for(step, given)
    wrong = reply.repairs + bool(refused)
    if question.insist and given and not refused and (known := known_already(step, values)):
        values, refused = {}, dict.fromkeys(given, known)
    return Answer(values, refused, reasoning, wrong, reply.usage.tokens, shown)


def _form(
    step: Step, question: Question, names: Sequence[str], *, showable: Sequence[str] = ()
) -> type[BaseModel]:
    if question.parts:
        return Parts
    return answer_form(
        step.parameters,
        names,
        step.values,
        asks=question.asks,
        showable=showable,
        reasoning=question.reasoning,
    )


def _said(reply: Completion[Any]) -> Message:
    return {"role": "assistant", "content": reply.text}


def refusal(refused: Mapping[str, str]) -> Message:
    """Return the message that sends values back with the reasons."""
    problems = "\n".join(f"- {name}: {why}" for name, why in refused.items())
    return {"role": "user", "content": prompts.load("optimizers/refused").format(problems=problems)}


def room(step: Step, names: Sequence[str]) -> int:
    """Return how many tokens an answer may take: twice the values and some reasoning."""
    characters = sum(len(str(step.values.get(n, step.parameters[n].data))) for n in names)
    return min(500 + characters * 2 // 3 + 40 * len(names), 8000)

"""One question to a model: new values for parameters, checked, sent back once when refused."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from tracegraph import prompts
from tracegraph.graph.subgraph import shorten
from tracegraph.models.errors import SchemaError
from tracegraph.optimizers.parts import Parts, assembled
from tracegraph.optimizers.placeholders import placeholder_problem
from tracegraph.optimizers.proposal import Proposal, checked
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.suggestion import answer_form, suggested

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping, Sequence

    from pydantic import BaseModel

    from tracegraph.models.client import LLM
    from tracegraph.models.types import Completion
    from tracegraph.optimizers.optimizer import Step

WHOLE = 8000  # characters of a value that was asked for

_FENCED = re.compile(r"```[a-z]*\n(.*?\n)```", re.DOTALL)

Message = dict[str, Any]
T = TypeVar("T")


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


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        values: those that can be applied and differ from the current ones.
        refused: the others, with the reason, by parameter; ``answer`` for a whole answer.
        reasoning: in the model's words.
        malformed: how many answers had the wrong form or held values that were refused.
        tokens: of all calls.
        shown: the messages of the last call.
    """

    values: Mapping[str, Any]
    refused: Mapping[str, str] = field(default_factory=dict)
    reasoning: str = ""
    malformed: int = 0
    tokens: int = 0
    shown: str = ""


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


async def ask_all(questions: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Return the answers to questions that are asked at the same time.

    When some fail, as when the budget ends, the others are not lost.

    Raises:
        Exception: what the first question raised, when none was answered.
    """
    done = await asyncio.gather(*questions, return_exceptions=True)
    answers = [answer for answer in done if not isinstance(answer, BaseException)]
    errors = [error for error in done if isinstance(error, BaseException)]
    if errors and not answers:
        raise errors[0]
    return answers


def as_proposals(answers: Sequence[Answer], optimizer: str, count: int) -> list[Proposal]:
    """Return different proposals in the order of the answers, at most ``count``.

    What unusable answers took is charged to the first proposal; when there is no usable answer,
    the one proposal is without values.
    """
    kept: list[Answer] = []
    rest: list[Answer] = []
    for answer in answers:
        fresh = answer.values and all(answer.values != other.values for other in kept)
        (kept if fresh and len(kept) < count else rest).append(answer)
    if not kept and rest:
        kept, rest = [rest[0]], rest[1:]
    made = [
        Proposal(a.values, optimizer, a.reasoning, a.shown, a.refused, a.malformed, a.tokens)
        for a in kept
    ]
    if made and rest:
        made[0] = replace(
            made[0],
            malformed=made[0].malformed + sum(answer.malformed for answer in rest),
            tokens=made[0].tokens + sum(answer.tokens for answer in rest),
        )
    return made


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


def known_already(step: Step, values: Mapping[str, Any]) -> str:
    """Return why values would teach nothing: they are in force or were tried; else nothing."""
    if not values:
        return "it is the value that it has now: suggest another one"
    whole = {**step.values, **values}
    for trial in step.history:
        if all(trial.values.get(name) == value for name, value in whole.items()):
            score = "" if trial.score is None else f" and scored {trial.score:.3g}"
            return f"it was tried before{score}: suggest another one"
    return ""


def checked_for(step: Step, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return (values to apply, refusals): ``checked``, and placeholders that must be kept."""
    given = {
        name: unfenced(value) if name in step.parameters and step.parameters[name].kind == "code"
        else value
        for name, value in given.items()
    }  # fmt: skip
    values, refused = checked(given, step.parameters, step.values)
    for name in [n for n in values if step.parameters[n].kind == "text"]:
        before = str(step.values.get(name, step.parameters[name].data))
        if problem := placeholder_problem(before, str(values[name])):
            refused[name] = problem
            del values[name]
    return values, refused


def unfenced(code: Any) -> Any:
    """Return code without the Markdown fence around it, where it stands in one."""
    found = _FENCED.fullmatch(code.strip()) if isinstance(code, str) else None
    return found[1] if found else code


def added(first: Answer, second: Answer, *, keep: bool) -> Answer:
    """Return the later of two answers, with what both took; ``keep`` the earlier values too."""
    values = {**first.values, **second.values} if keep else second.values
    refused = second.refused
    if keep and "answer" in second.refused:
        refused = first.refused  # the second answer says nothing: the first refusals stand
    return replace(
        second,
        values=values,
        refused={name: why for name, why in refused.items() if name not in values},
        reasoning=second.reasoning or first.reasoning,
        malformed=first.malformed + second.malformed,
        tokens=first.tokens + second.tokens,
    )


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

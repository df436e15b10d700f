"""FunctionGuide: any Python function that scores."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tracegraph.training.guide import GuideError, Judgement
from tracegraph.training.guides.wording import quoted

if TYPE_CHECKING:
    from tracegraph.training.data import Example

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class FunctionGuide:
    """Makes a guide of a function, sync or async.

    It may be ``f(output, expected)``; ``f(example, output)``, where the first parameter is called
    example; or ``f(output, ...)`` with names of inputs, ``expected``, ``id``, ``group``, or
    ``**row`` for all of them. It returns a number, True or False, ``(score, feedback)``, a
    Judgement, or a dict: criteria with their scores, and "feedback" if it likes. A sync function
    runs in a thread, so it may take its time.

    Raises:
        GuideError: it takes no output.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        parameters = list(inspect.signature(function).parameters.values())
        self._first = [p for p in parameters if p.kind in _POSITIONAL]
        self._named = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        self._open = any(p.kind is p.VAR_KEYWORD for p in parameters)
        if not self._first:
            raise GuideError(f"{self.name} must take the output as its first argument")
        call = getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
        self._is_async = any(map(inspect.iscoroutinefunction, (function, call)))

    async def judge(self, example: Example, output: Any) -> Judgement:
        """Call the function.

        Raises:
            GuideError: it wants what the example does not have, or returned no score.
        """
        positional, named = self._arguments(example, output)
        if self._is_async:
            answer = await self.function(*positional, **named)
        else:
            answer = await asyncio.to_thread(self.function, *positional, **named)
        return self._judgement(answer, example, output)

    def _arguments(self, example: Example, output: Any) -> tuple[list[Any], dict[str, Any]]:
        row = {
            "id": example.id, "group": example.group, "example": example,
            "expected": example.expected, **example.inputs,
        }  # fmt: skip
        first, *others = self._first
        positional = [output]
        if first.name == "example":
            positional, others = [example, output], others[1:]
        for place, parameter in enumerate(others):
            if parameter.name in row:
                positional.append(row.pop(parameter.name))
            elif parameter.default is not parameter.empty:
                break
            elif place == 0 and first.name != "example":
                positional.append(row.pop("expected"))  # under whatever name
            else:
                raise GuideError(
                    f"{self.name} wants {parameter.name!r}, and example {example.id} has "
                    f"{', '.join(row)}"
                )
        taken = {parameter.name for parameter in self._first}
        named = {n: v for n, v in row.items() if n in self._named or self._open}
        return positional, {n: v for n, v in named.items() if n not in taken and n != "example"}

    def _judgement(self, answer: Any, example: Example, output: Any) -> Judgement:
        feedback, score = None, answer
        if isinstance(answer, Judgement):
            return answer
        if isinstance(answer, tuple) and len(answer) == 2:
            score, feedback = answer
        elif isinstance(answer, Mapping):
            scores = dict(answer)
            feedback = scores.pop("feedback", None)
            score = scores["score"] if scores.keys() == {"score"} else scores
        try:
            score = (
                {str(name): float(value) for name, value in score.items()}
                if isinstance(score, Mapping)
                else float(score)
            )
        except (TypeError, ValueError) as error:
            raise GuideError(
                f"{self.name} returned {quoted(answer)} for example {example.id}; it must return "
                "a number, (number, feedback), a dict of numbers or a Judgement"
            ) from error
        judgement = Judgement(score, "" if feedback is None else str(feedback))
        if feedback is not None:
            return judgement
        text = f"Score {judgement.number:.3g}: got {quoted(output)}"
        if example.expected is not None:
            text += f", expected {quoted(example.expected)}"
        return Judgement(score, text + ".")

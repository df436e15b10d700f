"""Judge: a language model that scores by a rubric."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from tracegraph import prompts
from tracegraph.training.guide import GuideError, Judgement
from tracegraph.training.guides.together import together
from tracegraph.training.guides.wording import quoted

if TYPE_CHECKING:
    from tracegraph.models import LLM
    from tracegraph.training.data import Example

_HIGHEST = 5
# The reason comes first: a model that has to give reasons first scores better (Wei et al. 2022).
_SCHEMA = {
    "title": "judgement",
    "type": "object",
    "properties": {
        "reason": {"type": "string", "maxLength": 600},
        "score": {"type": "integer", "minimum": 1, "maximum": _HIGHEST},
    },
    "required": ["reason", "score"],
    "additionalProperties": False,
}
_LONGEST = 4000  # characters of a value that the judge reads


class Judge:
    """Asks a model for a score of 1 to 5 by a rubric, and maps it to 0 to 1.

    Asked several times, the score is the mean; the feedback says how far the answers agree, and
    ``spread`` is the standard deviation of one answer.

    Args:
        rubric: what makes an output good, in words.
        llm: who judges; None for the default model.
        repeats: how often it is asked for each output.
        temperature: of its answers; None for 0 when it is asked once, else 0.7.
    """

    def __init__(
        self,
        rubric: str,
        llm: LLM | None = None,
        *,
        repeats: int = 1,
        temperature: float | None = None,
    ) -> None:
        if not rubric.strip():
            raise GuideError("a judge needs a rubric: say what makes an output good")
        if repeats < 1:
            raise GuideError(f"a judge cannot be asked {repeats} times")
        self.rubric = rubric
        self.repeats = repeats
        self.temperature = temperature if temperature is not None else 0.7 * (repeats > 1)
        self._llm = llm

    async def judge(self, example: Example, output: Any) -> Judgement:
        """Ask the model.

        Raises:
            ModelError: it could not be reached, or gave no score; nothing is known then.
        """
        prompt = prompts.load("training/judge").format(
            rubric=self.rubric.strip(),
            inputs="\n".join(f"{k}: {_shown(v)}" for k, v in example.inputs.items()),
            expected=_expected(example.expected),
            output=_shown(output),
        )
        answers = await self._ask(prompt)
        scores = [(answer["score"] - 1) / (_HIGHEST - 1) for answer in answers]
        mean = math.fsum(scores) / len(scores)
        # The reason that goes with the answer nearest to the mean.
        nearest = min(range(len(scores)), key=lambda place: abs(scores[place] - mean))
        feedback = str(answers[nearest]["reason"])
        if len(scores) == 1:
            return Judgement(mean, feedback)
        squares = math.fsum((score - mean) ** 2 for score in scores)
        agreeing = Counter(scores).most_common(1)[0][1]
        said = ", ".join(str(answer["score"]) for answer in answers)
        feedback += f" ({agreeing} of {len(scores)} judgements agree: {said} of {_HIGHEST} points)"
        return Judgement(mean, feedback, math.sqrt(squares / (len(scores) - 1)))

    async def _ask(self, prompt: str) -> list[dict[str, Any]]:
        if self._llm is None:
            from tracegraph.models import LLM

            self._llm = LLM()
        llm = self._llm
        answers = await together(
            llm.complete(
                prompt, schema=_SCHEMA, temperature=self.temperature, seed=number, parent="judge"
            )
            for number in range(self.repeats)
        )
        return [dict(answer.parsed or {}) for answer in answers]


def _expected(value: Any) -> str:
    return "" if value is None else f"\n<expected>\n{_shown(value)}\n</expected>\n"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else quoted(value, _LONGEST)
    return text if len(text) <= _LONGEST else quoted(text, _LONGEST)

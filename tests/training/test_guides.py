"""Guides: what they score, what they tell an optimizer, and when they refuse to judge."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tracegraph.training.data import Example
from tracegraph.training.guide import Guide, GuideError, Judgement
from tracegraph.training.guides import (
    CodeTest,
    ExactMatch,
    FunctionGuide,
    Judge,
    Numeric,
    Pattern,
    Weighted,
    make_guide,
)
from tracegraph.training.guides.numeric import number_in

ASKED = Example("e1", {"question": "Is it urgent?", "user": "ann"}, "Yes", group="g")


def expecting(expected: Any) -> Example:
    return Example("e2", {"question": "?"}, expected)


async def score(guide: Guide, expected: Any, output: Any) -> float:
    return (await guide.judge(expecting(expected), output)).number


# Judgements


def test_a_vector_score_has_a_mean() -> None:
    assert Judgement(1).number == 1.0
    assert Judgement({"a": 1.0, "b": 0.0}).number == 0.5
    assert Judgement({"a": 1.0, "b": 0.0}, weights={"a": 3.0, "b": 1.0}).number == 0.75


@pytest.mark.parametrize("wrong", [math.nan, math.inf, {}, {"a": math.nan}, "1", None])
def test_what_is_no_score(wrong: Any) -> None:
    with pytest.raises(GuideError):
        Judgement(wrong)


# Exact, pattern, numeric


@pytest.mark.parametrize(
    ("guide", "expected", "output", "wanted"),
    [
        (ExactMatch(), "Yes", " yes\n", 1),
        (ExactMatch(), "Yes", "yes.", 0),
        (ExactMatch(ignore_punctuation=True), "Yes", "«yes.»", 1),
        (ExactMatch(ignore_punctuation=True), "-5", "5", 0),
        (ExactMatch(ignore_punctuation=True), "3.5%", "3.5%.", 1),
        (ExactMatch(ignore_punctuation=True), "3.5", "35", 0),
        (ExactMatch(ignore_case=False), "Yes", "yes", 0),
        (ExactMatch(ignore_spaces=False), "a b", "a  b", 0),
        (ExactMatch(), "a b", "a \n b", 1),
        (ExactMatch(), "\u00dcber", "u\u0308ber", 1),
        (ExactMatch(), 3, "3", 1),
        (ExactMatch(), True, "true", 1),
        (ExactMatch(), ["a", 1], ["a", 1], 1),
        (ExactMatch(), "None", None, 1),
        (Pattern(r"\d{4}-\d\d"), None, "due 2024-05", 1),
        (Pattern(r"\d{4}-\d\d"), None, "due soon", 0),
        (Pattern(r"answer: (\w+)"), "Yes", "answer: no, or answer: yes", 1),
        (Pattern(r"answer: (\w+)"), "Yes", "answer: no", 0),
        (Numeric(), 42, "The total is 42.", 1),
        (Numeric(), "1,234.5", "first 7, then $1234.5", 1),
        (Numeric(0.5), 10, 10.4, 1),
        (Numeric(0.5), 10, 10.6, 0),
        (Numeric(relative=0.1), 200, "219", 1),
        (Numeric(), 42, "none at all", 0),
        (Numeric(), 1, True, 0),
    ],
)
async def test_scores(guide: Guide, expected: Any, output: Any, wanted: float) -> None:
    assert await score(guide, expected, output) == wanted


async def test_feedback_says_what_was_expected_and_what_came() -> None:
    told = await ExactMatch().judge(ASKED, "maybe")
    assert told.feedback == 'Wrong: expected "Yes", got "maybe".'
    told = await Numeric(0.5).judge(expecting(10), "about 12")
    assert told.feedback == "Wrong: expected 10, got 12, which is off by 2 where 0.5 is allowed."
    told = await ExactMatch().judge(ASKED, "x" * 5000)
    assert len(told.feedback) < 300
    assert "5002 characters" in told.feedback


async def test_no_number_to_compare_with_is_no_fault_of_the_output() -> None:
    with pytest.raises(GuideError, match=r"e2 expects .*which is no number"):
        await Numeric().judge(expecting("many"), "5")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234", 1234), ("4-3", 3), ("\u22127 degrees", -7), ("-.5e3", -500), ("v3", None),
        ("$-5", -5), ("10%", 10), ("", None), (float("nan"), None), ("1e999", None),
    ],
)  # fmt: skip
def test_numbers_in_texts(text: Any, number: float | None) -> None:
    assert number_in(text) == number


# Functions


def plain(output: Any, expected: Any) -> bool:
    return bool(output == expected)


def gold(output: Any, reference: Any) -> float:
    return float(output == reference)


def whole(example: Example, output: Any, trace: Any = None) -> tuple[float, str]:
    return 0.5, f"{example.id} {output} {trace}"


def by_name(output: Any, user: str, *, question: str) -> dict[str, Any]:
    return {"user": user == "ann", "question": len(question), "feedback": "as named"}


def row(output: Any, **row: Any) -> float:
    return float(sorted(row) == ["expected", "group", "id", "question", "user"])


async def later(output: Any, expected: Any) -> Judgement:
    await asyncio.sleep(0)
    return Judgement(0.25, "later")


class Scorer:
    async def __call__(self, output: Any) -> float:
        return 1.0


@pytest.mark.parametrize(
    ("function", "number", "feedback"),
    [
        (plain, 1.0, 'Score 1: got "Yes", expected "Yes".'),
        (gold, 1.0, 'Score 1: got "Yes", expected "Yes".'),
        (whole, 0.5, "e1 Yes None"),
        (by_name, 7.0, "as named"),
        (row, 1.0, None),
        (later, 0.25, "later"),
        (Scorer(), 1.0, None),
        (lambda output: {"score": 0.5, "feedback": "half"}, 0.5, "half"),
    ],
)
async def test_functions_of_every_shape(function: Any, number: float, feedback: str | None) -> None:
    told = await make_guide(function).judge(ASKED, "Yes")
    assert told.number == number
    assert feedback is None or told.feedback == feedback


@pytest.mark.parametrize("answer", [None, "good", (1, 2, 3), {"a": "x"}, math.nan])
async def test_an_answer_that_is_no_score_is_an_error(answer: Any) -> None:
    with pytest.raises(GuideError):
        await FunctionGuide(lambda output: answer).judge(ASKED, "Yes")


async def test_what_a_function_raises_is_raised() -> None:
    def broken(output: Any, expected: Any) -> float:
        raise ZeroDivisionError("by zero")

    with pytest.raises(ZeroDivisionError):
        await FunctionGuide(broken).judge(ASKED, "Yes")
    with pytest.raises(GuideError, match="wants 'colour', and example e1 has"):
        await FunctionGuide(lambda output, expected, colour: 1).judge(ASKED, "Yes")
    with pytest.raises(GuideError, match="must take the output"):
        FunctionGuide(lambda: 1.0)


# Several


async def test_weighted_gives_a_vector() -> None:
    guide = Weighted({"right": ExactMatch(), "form": Pattern("^[a-z]+$")}, {"right": 3, "form": 1})
    told = await guide.judge(ASKED, "no")
    assert told.score == {"right": 0.0, "form": 1.0}
    assert told.number == 0.25
    assert told.feedback.splitlines()[0] == 'right (0.00): Wrong: expected "Yes", got "no".'


async def test_one_broken_guide_is_raised_as_it_is() -> None:
    def broken(output: Any) -> float:
        raise KeyError("budget")

    with pytest.raises(KeyError):
        await make_guide({"a": "exact", "b": broken}).judge(ASKED, "no")
    with pytest.raises(GuideError, match="each guide needs one weight"):
        Weighted({"a": ExactMatch()}, {"b": 1.0})


# A model as judge


@dataclass
class FakeAnswer:
    parsed: dict[str, Any]


@dataclass
class FakeLLM:
    """Gives the scores of a list, in turn."""

    scores: list[int]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def complete(self, prompt: str, **options: Any) -> FakeAnswer:
        self.asked.append((prompt, options))
        number = self.scores[options["seed"]]
        return FakeAnswer({"reason": f"It deserves {number}.", "score": number})


async def test_a_judge_reads_everything_and_asks_once() -> None:
    llm: Any = FakeLLM([4])
    told = await Judge("Be {polite}.", llm).judge(ASKED, {"text": "Sure!"})
    assert (told.number, told.feedback, told.spread) == (0.75, "It deserves 4.", 0.0)
    prompt, options = llm.asked[0]
    for part in ("Be {polite}.", "question: Is it urgent?", "Yes", "{'text': 'Sure!'}"):
        assert part in prompt
    assert (options["temperature"], options["parent"]) == (0.0, "judge")


async def test_repeats_give_the_mean_the_agreement_and_the_spread() -> None:
    llm: Any = FakeLLM([5, 3, 5, 5])
    told = await Judge("Be kind.", llm, repeats=4).judge(ASKED, "Sure!")
    assert told.number == 0.875
    assert told.spread == pytest.approx(0.25)
    assert told.feedback == "It deserves 5. (3 of 4 judgements agree: 5, 3, 5, 5 of 5 points)"
    assert [options["seed"] for _, options in llm.asked] == [0, 1, 2, 3]
    assert llm.asked[0][1]["temperature"] == 0.7


# Code


@pytest.fixture
async def code() -> AsyncIterator[CodeTest]:
    guide = CodeTest()
    yield guide
    await guide.close()


@pytest.mark.slow
async def test_code_is_run_with_its_tests(code: CodeTest) -> None:
    tests = expecting("assert square(2) == 4\nassert square(3) == 9, 'three'")
    outputs = {
        "```python\ndef square(x):\n    return x * x\n```\nThat is it.": "Correct",
        "def square(x): return 4": "AssertionError: three",
        "import sys; sys.exit(0)": "SystemExit",
        "import os; os._exit(0)": "ended before its tests did",
        "def square(x:": "SyntaxError",
    }
    told = await asyncio.gather(*(code.judge(tests, output) for output in outputs))
    for judgement, wanted in zip(told, outputs.values(), strict=True):
        assert wanted in judgement.feedback
        assert judgement.number == (wanted == "Correct")
        assert "program.py" not in judgement.feedback


async def test_code_without_tests_is_no_fault_of_the_output(code: CodeTest) -> None:
    with pytest.raises(GuideError, match="e2 has no tests"):
        await code.judge(expecting(None), "x = 1")


# Specs


def test_specs(tmp_path: Path) -> None:
    (tmp_path / "rubric.md").write_text("Be brief.")
    assert isinstance(make_guide("exact"), ExactMatch)
    assert isinstance(make_guide("code"), CodeTest)
    pattern: Any = make_guide("regex:a:b")
    assert pattern.pattern.pattern == "a:b"
    numeric: Any = make_guide("numeric:5%")
    assert (numeric.absolute, numeric.relative) == (1e-6, 0.05)
    judge: Any = make_guide(f"judge:{tmp_path / 'rubric.md'}")
    assert judge.rubric == "Be brief."
    given = ExactMatch()
    assert make_guide(given) is given


@pytest.mark.parametrize(
    "spec", ["exactly", "regex:(", "regex", "numeric:x", "numeric:-1", "judge:", "judge:no.md", 5]
)
def test_specs_that_mean_nothing(spec: Any) -> None:
    with pytest.raises(GuideError):
        make_guide(spec)

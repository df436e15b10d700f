"""One question of BIG-Bench Hard to a small model: an instruction, demonstrations, a way to answer.

The parameters are what a developer would turn: the instruction, the demonstrations, and whether
the model writes a sentence before it answers.
"""

from __future__ import annotations

import re
from typing import Any

import tracegraph as tg
from tracegraph.models import LLM
from tracegraph.training.data import Example

INSTRUCTIONS = {
    "boolean_expressions": "Evaluate the expression. Answer True or False.",
    "navigate": "Say whether the path ends where it began. Answer Yes or No.",
    "web_of_lies": "Say whether the last person tells the truth. Answer Yes or No.",
    "object_counting": "Count what the question asks for. Answer with a number.",
}

instruction = tg.node(
    "Answer the question.", trainable=True, name="instruction",
    description="What the model is told to do with the question.",
    constraint=None,
)  # fmt: skip
demos = tg.Parameter(
    [], name="demos", max_length=6, description="Examples of questions with their answers."
)
think = tg.Parameter(False, name="think", description="Whether to write a sentence first.")
llm = LLM("local", max_tokens=96)


@tg.bundle
async def ask(question: str, instruction: str, demos: list[Any], think: bool) -> str:
    """Ask the model."""
    shown = "\n\n".join(_demo(demo) for demo in demos)
    how = (
        "Write one short sentence of reasoning, then a last line 'Answer: …'."
        if think
        else "Write only 'Answer: …'."
    )
    text = f"{instruction}\n{how}\n\n{shown}\n\nQuestion: {question}"
    return (await llm.complete(text)).text


@tg.bundle
def read(answer: str) -> str:
    """Take the answer out of what the model wrote."""
    found = re.findall(r"[Aa]nswer\W*\s*([\w-]+)", answer)
    return found[-1] if found else answer.strip().split("\n")[-1].strip(" .")


async def workflow(question: str) -> str:
    """Answer a question with one word or number."""
    return read(await ask(question, instruction, demos, think))  # type: ignore[no-any-return]


def guide(output: str, expected: str) -> tuple[float, str]:
    """Compare the answers, whatever the case."""
    right = output.strip().lower() == str(expected).strip().lower()
    return float(right), "" if right else f"The answer is {expected}, not {output[:60]!r}."


def as_examples(rows: list[dict[str, str]]) -> list[Example]:
    """Return the rows of a task's file as examples."""
    return [
        Example(f"q{i:03}", {"question": _plain(row["input"])}, row["target"])
        for i, row in enumerate(rows)
    ]


def _plain(text: str) -> str:
    return text.removeprefix("Question: ").replace("\nOptions:\n- Yes\n- No", "").strip()


def _demo(demo: Any) -> str:
    if not isinstance(demo, dict):
        return str(demo)
    question = demo.get("question", demo.get("input", ""))
    answer = demo.get("result", demo.get("output", demo.get("answer", "")))
    return f"Question: {question}\n{answer}"

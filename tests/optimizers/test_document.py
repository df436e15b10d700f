"""The examples of docs/optimizers.md run as they stand, with a fake model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from optimizers.fake_llm import FakeLLM, suggest
from tracegraph.optimizers import OptoPrime
from tracegraph.optimizers.text import problem_text

PAGE = (Path(__file__).parents[2] / "docs/optimizers.md").read_text()


async def test_the_examples_run() -> None:
    scope: dict[str, Any] = {"FakeLLM": FakeLLM, "suggest": suggest}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        fake = code.replace('LLM("local")', "FakeLLM([suggest(width=7.0), suggest(width=5.0)])")
        exec(compile(fake, "docs/optimizers.md", "exec", dont_inherit=True), scope)
    assert scope["width"].data == 3.0, "after undo"
    assert scope["optimizer"].history[0].values == {"width": 3.0}
    await scope["main"]()


def test_the_text_is_what_a_model_reads() -> None:
    scope: dict[str, Any] = {"FakeLLM": FakeLLM, "suggest": suggest}
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    code = code.replace('LLM("local")', "FakeLLM([suggest(width=7.0)])").split("for _")[0]
    exec(compile(code, "docs/optimizers.md", "exec", dont_inherit=True), scope)
    optimizer: OptoPrime = scope["optimizer"]
    optimizer.backward(scope["area"](scope["width"], 6.0), "18.0 is too small")
    shown = problem_text(optimizer.problems(), objective=optimizer.objective).text
    (written,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
    assert written == shown

"""What the tests of evaluators share: a desktop that holds files, and the evaluator's form."""

from __future__ import annotations

from typing import Any

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.fake import FakeDesktop
from tracegraph.envs.desktop.tasks import evaluate, parse_task, unsupported
from tracegraph.envs.desktop.tasks.assets import data_url
from tracegraph.envs.protocol import Score


async def scored(evaluator: dict[str, Any], held: dict[str, bytes], **made: Any) -> Score:
    """Return the score of a desktop that holds these files."""
    desktop = FakeDesktop(files=held, **made)
    await desktop.start()
    task = parse_task({"id": "t", "instruction": "do", "evaluator": evaluator})
    assert unsupported(task) == []
    return await evaluate(task, desktop, a.Done(), size=(64, 48))


def check(func: str, expected: Any = None, result: Any = None, **options: Any) -> dict[str, Any]:
    """Return an evaluator, of the file /f unless a getter is named."""
    made: dict[str, Any] = {
        "func": func, "result": result or {"type": "vm_file", "path": "/f"}, "options": options,
    }  # fmt: skip
    if isinstance(expected, bytes):
        made["expected"] = {"type": "cloud_file", "path": data_url(expected)}
    elif expected is not None:
        made["expected"] = {"type": "rule", "rules": expected}
    return made

"""The example of docs/sandbox.md runs as it stands."""

from __future__ import annotations

import ast
import inspect
import re

from tests.sandbox.conftest import ROOT


async def test_the_example_runs() -> None:
    text = (ROOT / "docs/sandbox.md").read_text()
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found
    scope: dict[str, object] = {}
    code = compile(found[1], "docs/sandbox.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    waiting = eval(code, scope)
    if inspect.isawaitable(waiting):
        await waiting
    assert scope["result"].status == "ok"  # type: ignore[attr-defined]
    assert scope["result"].artifacts == {"plot.csv": b"1,2"}  # type: ignore[attr-defined]
    assert scope["answer"].value == 9  # type: ignore[attr-defined]
    scope["worker"].close()  # type: ignore[attr-defined]

"""Run the blocks of a page in order, in one namespace, in the folder where we are.

    python tests/docs/run_page.py PAGE

A process of its own: a page sees what its reader would see, and nothing of the tests.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

from fake_model import model
from snippets import SHELL, blocks, command_lines, name_of

# What pages take for granted; they are read by people who have these already.
BEFORE = Path(__file__).with_name("before")


def run_page(page: Path) -> None:
    """Run a page."""
    scope: dict[str, object] = {"__name__": "__page__"}
    before = BEFORE / f"{page.stem}.py"
    if before.exists():
        exec(compile(before.read_text(encoding="utf-8"), str(before), "exec"), scope)
    asks = any("model" in block.needs for block in blocks(page))
    with model(scope.pop("ANSWERS", ())) if asks else nullcontext(), asyncio.Runner() as runner:
        for block in blocks(page):
            where = f"{name_of(page)}:{block.line}"
            if block.language == "python":
                # Line numbers of errors are those of the page.
                code = compile("\n" * (block.line - 1) + block.text, str(page), "exec",
                               flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)  # fmt: skip
                if block.note.startswith("file: "):
                    Path(block.note.removeprefix("file: ")).write_text(block.text)
                    continue
                if code.co_flags & inspect.CO_COROUTINE:  # it awaits

                    async def run(code=code):
                        await eval(code, scope)

                    runner.run(run())
                else:
                    exec(code, scope)
            elif block.language in SHELL and block.note == "run":
                for line in command_lines(block.text):
                    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
                    around = {**os.environ, "PATH": path}
                    done = subprocess.run(
                        line, shell=True, capture_output=True, text=True, check=False, env=around
                    )
                    assert done.returncode == 0, f"{where}: {line}\n{done.stderr[-2000:]}"


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())
    run_page(Path(sys.argv[1]))

"""Every Python block of README and docs runs, page by page, or says above itself why not."""

import ast
import asyncio
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.snippets import PAGES, ROOT, SHELL, blocks, command_lines, name_of

# What pages take for granted; they are read by people who have these already.
BEFORE = {
    "docs/acceptance.md": "k = 1\nscores = [(0.0, 1.0), (1.0, 1.0)] * 20",
}
# These run in a test of their own, with a fake model.
ELSEWHERE = {"docs/optimizers.md": "tests/optimizers/test_document.py"}
REASONS = ("needs ", "shows ", "takes ", "is ")


def python_blocks(page):
    return [block for block in blocks(page) if block.language == "python"]


def run_page(page: Path) -> None:
    """Run the blocks of a page in order, in one namespace, in the folder where we are."""
    scope: dict[str, object] = {"__name__": "__page__"}
    exec(BEFORE.get(name_of(page), ""), scope)
    with asyncio.Runner() as runner:
        for block in blocks(page):
            where = f"{name_of(page)}:{block.line}"
            if block.language == "python":
                # Line numbers of errors are those of the page.
                code = compile("\n" * (block.line - 1) + block.text, str(page), "exec",
                               flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)  # fmt: skip
                if block.note.startswith("not run: "):
                    continue
                if block.note.startswith("file: "):
                    Path(block.note.removeprefix("file: ")).write_text(block.text)
                    continue

                async def run(code=code):
                    waiting = eval(code, scope)
                    if inspect.isawaitable(waiting):
                        await waiting

                runner.run(run())
            elif block.language in SHELL and block.note == "run":
                for line in command_lines(block.text):
                    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
                    done = subprocess.run(line, shell=True, capture_output=True, text=True,
                                          check=False, env={**os.environ, "PATH": path})  # fmt: skip
                    assert done.returncode == 0, f"{where}: {line}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("page", [p for p in PAGES if python_blocks(p)], ids=name_of)
def test_python_of_a_page_runs(page, tmp_path, monkeypatch):
    if name_of(page) in ELSEWHERE:
        assert page.name in (ROOT / ELSEWHERE[name_of(page)]).read_text()
        return
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TRACEGRAPH_STORE", str(tmp_path / "runs.db"))
    before = set(sys.modules)
    try:
        run_page(page)
    finally:
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
                del sys.modules[name]


def test_what_is_not_run_says_why_and_is_the_smaller_part():
    found = [block for page in PAGES for block in python_blocks(page)]
    left_out = [block for block in found if block.note.startswith("not run")]
    for block in left_out:
        assert block.note.removeprefix("not run: ").startswith(REASONS), block
    assert len(left_out) < len(found) / 2

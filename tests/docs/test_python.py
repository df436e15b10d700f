"""Every Python block of README and docs runs, page by page, or says above itself why not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.snippets import PAGES, ROOT, blocks, name_of

# These run in a test of their own, with a fake model.
ELSEWHERE = {"docs/optimizers.md": "tests/optimizers/test_document.py"}
REASONS = ("needs ", "shows ", "takes ", "is ")


def python_blocks(page):
    return [block for block in blocks(page) if block.language == "python"]


@pytest.mark.parametrize("page", [p for p in PAGES if python_blocks(p)], ids=name_of)
def test_python_of_a_page_runs(page, tmp_path):
    if name_of(page) in ELSEWHERE:
        assert page.name in (ROOT / ELSEWHERE[name_of(page)]).read_text()
        return
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("run_page.py"), page],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "TRACEGRAPH_STORE": str(tmp_path / "runs.db")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def test_what_is_not_run_says_why_and_is_the_smaller_part():
    found = [block for page in PAGES for block in python_blocks(page)]
    left_out = [block for block in found if block.note.startswith("not run")]
    for block in left_out:
        assert block.note.removeprefix("not run: ").startswith(REASONS), block
    assert len(left_out) < len(found) / 2

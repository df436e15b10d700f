"""Every Python block of README and docs runs, page by page."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.snippets import PAGES, ROOT, blocks, name_of

# These run in a test of their own, with a fake model.
ELSEWHERE = {"docs/optimizers.md": "tests/optimizers/test_document.py"}
DESKTOP = ("Xvfb", "openbox", "dbus-daemon", "bwrap", "mousepad")


def python_blocks(page):
    return [block for block in blocks(page) if block.language == "python"]


@pytest.mark.parametrize("page", [p for p in PAGES if python_blocks(p)], ids=name_of)
def test_python_of_a_page_runs(page, tmp_path):
    if name_of(page) in ELSEWHERE:
        assert page.name in (ROOT / ELSEWHERE[name_of(page)]).read_text()
        return
    if any("desktop" in block.needs for block in blocks(page)):
        missing = [name for name in DESKTOP if shutil.which(name) is None]
        if missing:
            pytest.skip(f"not installed: {', '.join(missing)}")
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("run_page.py"), page],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "TRACEGRAPH_STORE": str(tmp_path / "runs.db")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]

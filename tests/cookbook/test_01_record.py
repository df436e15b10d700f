"""The first recipe runs and shows what it says."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "cookbook" / "01_record.py"


def test_it_prints_the_cause_and_writes_the_page(tmp_path):
    page = tmp_path / "deeper" / "page.html"
    done = subprocess.run(
        [sys.executable, SCRIPT, page], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines() == [
        "answer:   Dear Ada, thank you. Your message goes to support.",
        "feedback: An outage must go to the night shift.",
        "could have caused it:",
        "    route0 = route(score=urgency0, threshold=threshold)",
        "    answer0 = answer(template=template, name='Ada', team=route0)",
        "recorded: 6 calls, 2 parameters",
        f"page:     {page}",
    ]
    text = page.read_text(encoding="utf-8")
    assert "An outage must go to the night shift." in text
    assert text.startswith("<!doctype html>")

"""The examples of docs/recorder.md run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/recorder.md"

PROOF = """
assert short.data == "Nodes flow: each"
assert text == "Plain values go"
assert len(words.feedback) == 2
assert rank([1, 3, 2]).data == [3, 2, 1]
"""


def test_the_examples_run(tmp_path):
    script = tmp_path / "example.py"
    found = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    script.write_text("\n".join([*found, PROOF]))
    subprocess.run([sys.executable, script], cwd=tmp_path, check=True)
    assert "Too short." in (tmp_path / "run.html").read_text()

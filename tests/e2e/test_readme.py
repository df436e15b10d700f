"""What README.md shows is what happens."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_example_prints_what_it_says(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    told = [line.removeprefix("# ") for line in code.splitlines() if line.startswith("# ")]
    assert done.stdout.splitlines() == told


def test_every_link_leads_somewhere():
    # Those of docs/ are checked by the strict build of the site, which also makes pages.
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("cookbook/**/README.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"

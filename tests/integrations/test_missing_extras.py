"""An integration whose package is not installed says what to install."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from tracegraph.errors import MissingExtraError
if "{package}" == "agents":
    sys.path = [place for place in sys.path if not place.endswith("site-packages")]
else:
    sys.modules["{package}"] = None
try:
    import tracegraph.integrations.{name}
except MissingExtraError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("langgraph", "langgraph", "langgraph"),
        ("pydantic_ai", "pydantic_ai", "pydantic-ai"),
        ("openai_agents", "agents", "openai-agents"),
    ],
)
def test_it_names_the_extra(name, package, extra, tmp_path):
    program = PROGRAM.format(package=package, name=name)
    if package == "agents":
        # What tracegraph itself needs is loaded before the packages are out of sight.
        program = "import tracegraph.integrations.calls, tracegraph.agents\n" + program
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    told = "openai-agents" if package == "agents" else package  # as it is called where it is got
    assert done.stdout == (
        f"{told} is needed for this and is not installed: pip install 'tracegraph[{extra}]'\n"
    ), done.stderr

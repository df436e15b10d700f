"""OSWorld's own package `desktop-env`: where it is installed, and which of its functions can run.

Its pins want an environment of their own, so the functions run under that one's interpreter.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tracegraph.errors import TracegraphError
from tracegraph.models.paths import cache_dir

SETTING = "TRACEGRAPH_DESKTOP_ENV"
HOW_TO = "OSWorld's package desktop-env may have it: see docs/desktop.md"
_SURVEY = Path(__file__).parent / "inside" / "survey.py"
_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Package:
    """The package under an interpreter.

    Attributes:
        python: the interpreter.
        evaluators, getters: the names of its functions, and why one cannot be used; "" when it can.
    """

    python: Path
    evaluators: dict[str, str]
    getters: dict[str, str]

    def lacks(self, evaluator: str, getters: list[str]) -> list[str]:
        """Return why a function over these getters cannot run, a text each; none when it can."""
        asked = [(f"evaluator {evaluator}", self.evaluators.get(evaluator))]
        asked += [(f"getter {one}", self.getters.get(f"get_{one}")) for one in getters]
        return [
            f"{name}: {'desktop-env has none' if why is None else why}"
            for name, why in asked
            if why != ""
        ]


def find_package() -> Package | None:
    """Return the package, or None when it is not installed.

    It is looked for at $TRACEGRAPH_DESKTOP_ENV (a virtual environment or its interpreter), else
    in this environment, else in ``desktop-env`` of the cache folder.

    Raises:
        TracegraphError: the setting names an environment without the package.
    """
    if named := os.environ.get(SETTING):
        found = _surveyed(_interpreter(Path(named).expanduser()))
        if found is None:
            raise TracegraphError(
                f"{SETTING} is {named}, but desktop-env is not installed there: "
                "pip install --no-deps desktop-env in that environment, or unset it"
            )
        return found
    if importlib.util.find_spec("desktop_env") is not None and (
        here := _surveyed(Path(sys.executable))
    ):
        return here
    return _surveyed(_interpreter(cache_dir() / "desktop-env"))


def _interpreter(place: Path) -> Path:
    return place / "bin" / "python" if place.is_dir() else place


@functools.cache
def _surveyed(python: Path) -> Package | None:
    if not python.is_file():
        return None
    try:
        told = subprocess.run(
            [python, "-I", _SURVEY], capture_output=True, check=True, timeout=_SECONDS
        )
        found = json.loads(told.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise TracegraphError(f"desktop-env cannot be read with {python}: {error}") from error
    return Package(python, found["evaluators"], found["getters"]) if found else None

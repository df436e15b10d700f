"""No attack succeeds in a sandbox, as root or as an ordinary user; every one does without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.sandbox.attacks.run import attacks
from tests.sandbox.conftest import LAYERS, ROOT, need, user_command

NAMES = [name for name, _, _ in attacks()]
USERS = ("root", "user")
# What an ordinary user cannot do even without a sandbox, so that there is nothing to control.
POWERLESS = {
    "user": {"kernel_settings", "devices", "terminal"},
    "root": set[str](),
}
# Uids of their own, because an ordinary user's limit on processes counts them all.
_UIDS = {
    "none": 1241, "bubblewrap": 1242, "landlock": 1243, "bubblewrap-task": 1244,
    "landlock-task": 1245,
}  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session", params=USERS)
def outcomes(request: pytest.FixtureRequest) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return the user, and for each way ``{attack: [succeeded, detail]}``."""
    user = request.param
    ours = "root" if os.getuid() == 0 else "user"
    if user == "root" and ours != "root":
        pytest.skip("only root can test as root")
    started = {}
    for way, uid in _UIDS.items():
        command = [sys.executable, "-m", "tests.sandbox.attacks.run", way]
        if user != ours:
            command = user_command(uid, command)
        started[way] = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    found = {}
    for way, process in started.items():
        out, err = process.communicate(timeout=200)
        found[way] = json.loads(out) if process.returncode == 0 else {"": [None, err[-2000:]]}
    return user, found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", [*LAYERS, *(f"{layer}-task" for layer in LAYERS)])
def test_no_attack_succeeds(outcomes: Any, way: str, name: str) -> None:
    need(way.removesuffix("-task"))
    user, found = outcomes
    assert "" not in found[way], found[way]
    if name not in found[way]:
        pytest.skip("a task leaves no artifacts")
    succeeded, detail = found[way][name]
    assert not succeeded, f"{name} succeeded as {user} in {way}: {detail}"


@pytest.mark.parametrize("name", NAMES)
def test_every_attack_succeeds_without_a_sandbox(outcomes: Any, name: str) -> None:
    user, found = outcomes
    assert "" not in found["none"], found["none"]
    succeeded, detail = found["none"][name]
    if not succeeded and name in POWERLESS[user]:
        pytest.skip(f"a {user} cannot do this here even without a sandbox: {detail}")
    assert succeeded, f"the control of {name} failed: {detail}"


def test_there_are_at_least_the_kinds_that_are_promised() -> None:
    assert len(NAMES) == len(set(NAMES))
    assert len(NAMES) >= 40


def test_the_document_names_every_attack() -> None:
    text = (ROOT / "docs/sandbox.md").read_text()
    assert [name for name in NAMES if f"| `{name}` |" not in text] == []

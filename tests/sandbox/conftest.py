"""Layers that the machine lacks are skipped with the reason; ordinary users are made by root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tracegraph.sandbox import Policy, Sandbox, layers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ROOT = Path(__file__).parents[2]
LAYERS = ("bubblewrap", "landlock")


def need(layer: str) -> None:
    """Skip when the machine lacks a layer."""
    offers = layers.offers()
    if not offers.works(layer):
        pytest.skip(f"{layer} does not work here: {'; '.join(offers.remedies())}")


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> str:
    """Each layer that works here."""
    need(request.param)
    return str(request.param)


@pytest.fixture
async def sandbox(layer: str) -> AsyncIterator[Sandbox]:
    """An open sandbox in each layer, with the profile for code."""
    async with Sandbox(Policy(layer=layer)) as opened:
        yield opened


def user_command(uid: int, command: list[str]) -> list[str]:
    """Return the command line that runs a command as an ordinary user; needs root."""
    prefix = Path(sys.executable).resolve().parent.parent
    reach = f"{prefix}:{Path(sys.prefix)}:{ROOT}"
    return [
        sys.executable, str(ROOT / "tests/sandbox/as_user.py"), str(uid), reach,
        "/usr/bin/env", "-i", f"HOME=/tmp/user{uid}", "PATH=/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE=1", *command,
    ]  # fmt: skip


@pytest.fixture
def as_user() -> Callable[[str], str]:
    """Run Python source as an ordinary user and return what it prints."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")

    def run(source: str, uid: int = 1234) -> str:
        done = subprocess.run(
            user_command(uid, [sys.executable, "-c", source]),
            cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run

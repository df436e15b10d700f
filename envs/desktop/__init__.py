"""A desktop as an environment: actions, providers, tasks, scores."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.envs.desktop.actions import Action, FormatError
    from tracegraph.envs.desktop.env import DesktopEnv, Rules
    from tracegraph.envs.desktop.fake import FakeDesktop
    from tracegraph.envs.desktop.local import LocalXvfb
    from tracegraph.envs.desktop.pool import DesktopPool
    from tracegraph.envs.desktop.protocol import Desktop, DesktopError, Element, Frame
    from tracegraph.envs.desktop.tasks import GuiTask

__all__ = [
    "DesktopEnv", "Rules", "GuiTask",
    "Action", "FormatError",
    "Desktop", "DesktopError", "Frame", "Element",
    "DesktopPool", "LocalXvfb", "FakeDesktop",
]  # fmt: skip

_HOMES = {
    "actions": ("Action", "FormatError"),
    "env": ("DesktopEnv", "Rules"),
    "fake": ("FakeDesktop",),
    "local": ("LocalXvfb",),
    "pool": ("DesktopPool",),
    "protocol": ("Desktop", "DesktopError", "Element", "Frame"),
    "tasks": ("GuiTask",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

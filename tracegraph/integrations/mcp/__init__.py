"""Environments as tools of the Model Context Protocol.

>>> from tracegraph.integrations.mcp import NotebookTools, make_server
>>> server = make_server(lambda session: NotebookTools())
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tracegraph.integrations.mcp.server import http_app, make_server, serve_stdio
from tracegraph.integrations.mcp.sessions import Sessions
from tracegraph.integrations.mcp.tools import Shown, Tool, Toolbox

if TYPE_CHECKING:
    from tracegraph.integrations.mcp.desktop import DesktopTools
    from tracegraph.integrations.mcp.notebook import NotebookTools
    from tracegraph.integrations.mcp.solver import SolverTools

__all__ = [
    "make_server", "serve_stdio", "http_app", "Sessions",
    "Toolbox", "Tool", "Shown",
    "NotebookTools", "SolverTools", "DesktopTools",
]  # fmt: skip

_HOMES = {"NotebookTools": "notebook", "SolverTools": "solver", "DesktopTools": "desktop"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

"""Style sheets and scripts that are shipped with a package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


class _Checked(StaticFiles):
    """Files that a browser asks for again each time, and gets when they have changed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def shipped(package: str) -> StaticFiles:
    """Return what serves the folder ``static`` of a package."""
    return _Checked(directory=Path(str(resources.files(package))) / "static")

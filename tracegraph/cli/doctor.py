"""`tracegraph doctor`: what works on this machine, what is missing, and how to get it.

A feature adds a section by one line in _SECTIONS: a title and ``module:function``. The function
yields ``(whether it is there, what it is, how to get it)``; its module loads when it is asked.
"""

from __future__ import annotations

import importlib
import json
import platform
from collections.abc import Iterator
from typing import Annotated

import typer

from tracegraph._version import __version__
from tracegraph.cli.arguments import AsJson
from tracegraph.errors import TracegraphError

_SECTIONS = {
    "extras": "tracegraph.cli.installed:extras",
    "models": "tracegraph.models.doctor:models",
    "engines": "tracegraph.models.doctor:engines",
    "sandbox": "tracegraph.sandbox.doctor:findings",
    "desktop": "tracegraph.cli.installed:desktop",
    "notebook": "tracegraph.cli.installed:kernel",
    "solver": "tracegraph.cli.installed:solvers",
    "video": "tracegraph.cli.installed:video",
    "scale": "tracegraph.cli.installed:scale",
    "viewer": "tracegraph.cli.installed:browser",
}


def doctor(
    sections: Annotated[
        list[str] | None, typer.Argument(help=f"Of: {', '.join(_SECTIONS)}; all if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what works on this machine, what is missing, and how to get it.

    Example: tracegraph doctor sandbox
    """
    for title in sections or ():
        if title not in _SECTIONS:
            raise typer.BadParameter(f"there is no section {title!r}; use {', '.join(_SECTIONS)}")
    chosen = sections or list(_SECTIONS)
    if as_json:
        told = {
            title: [
                {"there": there, "what": what, "remedy": "" if there else remedy}
                for there, what, remedy in _findings(title)
            ]
            for title in chosen
        }
        about = {"tracegraph": __version__, "python": platform.python_version()}
        typer.echo(json.dumps({**about, "sections": told}))
        return
    typer.echo(f"tracegraph {__version__}, Python {platform.python_version()}")
    for title in chosen:
        typer.echo(title)
        for there, what, remedy in _findings(title):
            typer.echo(f"  {'yes' if there else 'no ':<4} {what}")
            if remedy and not there:
                typer.echo(f"       to get it: {remedy}")


def _findings(title: str) -> Iterator[tuple[bool, str, str]]:
    module, _, function = _SECTIONS[title].partition(":")
    try:
        yield from getattr(importlib.import_module(module), function)()
    except TracegraphError as error:
        yield False, str(error), ""

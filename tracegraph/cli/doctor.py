"""`tracegraph doctor`: what works on this machine, what is missing, and how to get it.

A feature adds a section by one line in _SECTIONS: a title and ``module:function``. The function
yields ``(whether it is there, what it is, how to get it)``; its module loads when it is asked.
"""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

from tracegraph.errors import TracegraphError

_SECTIONS = {
    "models": "tracegraph.models.doctor:models",
    "engines": "tracegraph.models.doctor:engines",
    "sandbox": "tracegraph.sandbox.doctor:findings",
}


def doctor(
    sections: Annotated[
        list[str] | None, typer.Argument(help=f"Of: {', '.join(_SECTIONS)}; all if not given.")
    ] = None,
) -> None:
    """Show what works on this machine, what is missing, and how to get it.

    Example: tracegraph doctor sandbox
    """
    for title in sections or _SECTIONS:
        if title not in _SECTIONS:
            raise typer.BadParameter(f"there is no section {title!r}; use {', '.join(_SECTIONS)}")
        typer.echo(title)
        module, _, function = _SECTIONS[title].partition(":")
        try:
            for there, what, remedy in getattr(importlib.import_module(module), function)():
                typer.echo(f"  {'yes' if there else 'no ':<4} {what}")
                if remedy and not there:
                    typer.echo(f"       to get it: {remedy}")
        except TracegraphError as error:
            typer.echo(f"  no   {error}")

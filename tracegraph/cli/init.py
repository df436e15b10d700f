"""`tracegraph init`: a small project that runs, to begin with."""

from __future__ import annotations

from enum import StrEnum
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from tracegraph.errors import TracegraphError


class Template(StrEnum):
    """What the project's workflow is made of."""

    prompt = "prompt"
    numeric = "numeric"


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Made when missing.")] = Path(),
    template: Annotated[
        Template, typer.Option(help="prompt asks a model; numeric needs none.")
    ] = Template.prompt,
) -> None:
    """Write a project that runs: a workflow with parameters, examples, and what to do next.

    Nothing that is there already is overwritten.

    Example: tracegraph init triage --template numeric
    """
    files = _files(template)
    if there := [name for name in files if (folder / name).exists()]:
        raise TracegraphError(
            f"{folder / there[0]} exists already and is left as it is: name another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        typer.echo(f"wrote {folder / name}")
    enter = "" if folder == Path() else f"cd {folder} && "
    if missing := _missing(template):
        typer.echo(f"it needs: {missing}")
    typer.echo(f"next: {enter}tracegraph optimize workflow.py:triage --data data.jsonl"
               f"{_options(template)}")  # fmt: skip


def _missing(template: Template) -> str:
    """Return what the project needs and is not here; empty when it would run."""
    if template is Template.numeric:
        return "" if find_spec("numpy") else "pip install 'tracegraph[numeric]'"
    from tracegraph.models.names import default_model

    if default_model() != "local" or find_spec("xllamacpp"):
        return ""
    return "pip install 'tracegraph[local]' (no key), or the key of a model, as OPENAI_API_KEY"


def _files(template: Template) -> dict[str, str]:
    texts = resources.files("tracegraph.cli.templates")
    readme = texts.joinpath("readme.txt").read_text("utf-8")
    return {
        "workflow.py": texts.joinpath(f"{template}.txt").read_text("utf-8"),
        "data.jsonl": texts.joinpath("data.jsonl").read_text("utf-8"),
        "README.md": readme.replace("{options}", _options(template)),
    }


def _options(template: Template) -> str:
    return (
        " --optimizer numeric --fractions 0.3,0.4,0.3 --steps 3"
        if template is Template.numeric
        else " --budget minutes=15"
    )

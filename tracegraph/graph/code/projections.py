"""Projections: what is done to proposed code before it is checked."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tracegraph.graph.code.source import parse
from tracegraph.graph.errors import CodeError


class KeepDocstring:
    """Put a docstring back that a proposal changed or dropped."""

    def __init__(self, docstring: str) -> None:
        self.docstring = docstring

    def project(self, source: str) -> str:
        """Return the source with this docstring in its first function."""
        tree = parse(source)
        for item in tree.body:
            if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
                statement = ast.Expr(ast.Constant(self.docstring))
                has_one = ast.get_docstring(item, clean=False) is not None
                item.body = [statement, *item.body[1 if has_one else 0 :]]
                return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        return source


class FormatCode:
    """Format code with ``ruff`` or ``black``, whichever program is installed."""

    def project(self, source: str) -> str:
        """Return the formatted source.

        Raises:
            CodeError: neither program is installed, or the source does not parse.
        """
        parse(source)
        # Beside this Python first: an environment need not be activated.
        places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        for command in (["ruff", "format", "-"], ["black", "-q", "-"]):
            if program := shutil.which(command[0], path=places):
                done = subprocess.run(
                    [program, *command[1:]], input=source, capture_output=True, text=True,
                    timeout=30, check=False,
                )  # fmt: skip
                if done.returncode == 0:
                    return done.stdout
                raise CodeError(f"{command[0]} cannot format the code: {done.stderr.strip()}")
        raise CodeError("FormatCode needs the program ruff or black: pip install ruff")

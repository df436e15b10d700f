"""A drawing of a graph: shown by notebooks, saved to files."""

from __future__ import annotations

import html
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tracegraph.graph.errors import GraphError
from tracegraph.graph.export.as_dot import to_dot
from tracegraph.graph.export.as_html import to_html
from tracegraph.graph.export.as_json import json_text
from tracegraph.graph.export.as_mermaid import to_mermaid

if TYPE_CHECKING:
    import os

    from tracegraph.graph.subgraph import Subgraph

_SUFFIXES = ".html, .json, .dot, .mmd, .svg or .png"
_SECONDS = 120  # Graphviz can take for ever on a large graph


class Drawing:
    """A graph to show or to save.

    Args:
        graph: what is drawn, when it is drawn: later changes show.
    """

    def __init__(self, graph: Subgraph) -> None:
        self.graph = graph

    @property
    def dot(self) -> str:
        """The graph in the language of Graphviz."""
        return to_dot(self.graph)

    @property
    def mermaid(self) -> str:
        """The graph as a Mermaid flowchart."""
        return to_mermaid(self.graph)

    @property
    def html(self) -> str:
        """The graph as one HTML page."""
        return to_html(self.graph)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the drawing in the form that the suffix names, and return the path.

        Folders are made as needed. ``.svg`` and ``.png`` need the program ``dot`` of Graphviz.

        Raises:
            GraphError: an unknown suffix; ``dot`` is missing or failed.
        """
        place = Path(path)
        suffix = place.suffix.lower()
        if suffix == ".html":
            content = self.html.encode()
        elif suffix == ".json":
            content = json_text(self.graph).encode()
        elif suffix in (".dot", ".gv"):
            content = self.dot.encode()
        elif suffix in (".mmd", ".mermaid"):
            content = self.mermaid.encode()
        elif suffix in (".svg", ".png"):
            content = drawn_by_graphviz(self.dot, suffix[1:])
        else:
            raise GraphError(f"cannot draw {place.name!r}: give a path that ends in {_SUFFIXES}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return place

    def _repr_html_(self) -> str:
        # In a frame of its own, so that neither page can touch the other.
        page = html.escape(self.html)
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{page}" title="Graph"'
            ' style="width:100%;height:640px;border:1px solid #8884;border-radius:8px"></iframe>'
        )

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Drawing of {self.graph!r}; .save('graph.html') to look at it>"


def drawn_by_graphviz(source: str, form: str) -> bytes:
    """Return ``source`` drawn by the program ``dot`` as "svg" or "png".

    Raises:
        GraphError: the program is not installed, failed, or took too long.
    """
    program = shutil.which("dot")
    if program is None:
        raise GraphError(
            f"a .{form} file is drawn by the program 'dot', which is not installed: install the"
            " package graphviz of your system, or save as .html, .mmd or .dot"
        )
    try:
        done = subprocess.run(
            [program, f"-T{form}"],
            input=source.encode(),
            capture_output=True,
            check=True,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise GraphError(
            f"dot took more than {_SECONDS} seconds: save as .html, or draw a smaller subgraph"
        ) from None
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode(errors="replace").strip()
        raise GraphError(f"dot failed: {told[:500]}") from None
    return done.stdout

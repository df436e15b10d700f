"""A graph as a Mermaid flowchart, for Markdown pages that draw it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tracegraph.graph.export.as_json import feedback_of
from tracegraph.graph.export.kinds import kinds, preview, said_of

if TYPE_CHECKING:
    from tracegraph.graph.export.kinds import Kind
    from tracegraph.graph.subgraph import Subgraph

# Before and after the label, and the class: "call" would be a keyword of Mermaid.
_SHAPES: dict[Kind, tuple[str, str, str]] = {
    "parameter": ("{{", "}}", "parameter"),
    "input": ("([", "])", "input"),
    "call": ("[", "]", "result"),
    "exception": ("[[", "]]", "error"),
}
_CLASSES = (
    "classDef parameter fill:#fdf0cf,stroke:#b7791f,color:#1f2328",
    "classDef input fill:#e3f1ea,stroke:#2f7d5b,color:#1f2328",
    "classDef result fill:#eef2fb,stroke:#4a63a8,color:#1f2328",
    "classDef error fill:#fde6e4,stroke:#b3322a,color:#1f2328,stroke-width:2px",
    "classDef said fill:#f4e9fb,stroke:#7b3fa0,color:#1f2328",
    "classDef final stroke-width:3px",
)
_SPECIAL = re.compile(r"[^\w .,:=+\-/'…]", re.ASCII)


def to_mermaid(graph: Subgraph) -> str:
    """Return a Mermaid ``flowchart``: hexagons are parameters, pills inputs, thick edges outputs.

    Inferred edges are dotted; feedback hangs on its output.
    """
    outputs = {id(node) for node in graph.outputs}
    place = {id(node): i for i, node in enumerate(graph.nodes())}
    lines = ["flowchart TD"]
    for i, (node, kind) in enumerate(kinds(graph)):
        left, right, kind_class = _SHAPES[kind]
        name, value = preview(graph.name_of(node), 40), preview(graph.value_of(node), 40)
        lines.append(f'  n{i}{left}"{_escaped(name)}<br/>{_escaped(value)}"{right}:::{kind_class}')
        if id(node) in outputs:
            lines.append(f"  class n{i} final")
    for parent, child, argument, inferred in graph.edges():
        arrow = "-.->" if inferred else "-->"
        label = _escaped(preview(argument, 30)) or " "
        lines.append(f'  n{place[id(parent)]} {arrow}|"{label}"| n{place[id(child)]}')
    for i, sent in enumerate(feedback_of(graph)):
        for j, (node, text) in enumerate(zip(sent.outputs, sent.texts, strict=True)):
            if id(node) in place:
                shown = _escaped(said_of(node, text, 60)) or " "
                lines.append(f'  f{i}_{j}>"{shown}"]:::said')
                lines.append(f"  n{place[id(node)]} -.- f{i}_{j}")
    lines += [f"  {line}" for line in _CLASSES]
    return "\n".join([*lines, ""])


def _escaped(text: str) -> str:
    """Write whatever Mermaid or HTML could take for syntax as a character number."""
    return _SPECIAL.sub(lambda match: f"#{ord(match.group())};", text)

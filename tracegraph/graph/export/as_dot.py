"""A graph in the language of Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracegraph.graph.export.as_json import feedback_of
from tracegraph.graph.export.kinds import kinds, preview, printable, said_of

if TYPE_CHECKING:
    from tracegraph.graph.export.kinds import Kind
    from tracegraph.graph.subgraph import Subgraph

_LOOKS: dict[Kind, str] = {
    "parameter": 'shape=octagon, fillcolor="#fdf0cf", color="#b7791f"',
    "input": 'shape=box, style="filled,rounded", fillcolor="#e3f1ea", color="#2f7d5b"',
    "call": 'shape=box, fillcolor="#eef2fb", color="#4a63a8"',
    "exception": 'shape=box, fillcolor="#fde6e4", color="#b3322a", penwidth=2',
}
_NOTE = 'shape=note, fillcolor="#f4e9fb", color="#7b3fa0"'


def to_dot(graph: Subgraph) -> str:
    """Return the graph in dot: parameters octagons, inputs rounded, errors red, outputs doubled.

    Inferred edges are dashed; feedback is a note that points at its output.
    """
    outputs = {id(node) for node in graph.outputs}
    place = {id(node): i for i, node in enumerate(graph.nodes())}
    lines = [
        f"digraph {_quoted(graph.name)} {{",
        "  rankdir=TB;",
        '  node [style=filled, fontname="Helvetica", fontsize=11];',
        '  edge [color="#6b7280", fontname="Helvetica", fontsize=9, arrowsize=0.7];',
    ]
    for i, (node, kind) in enumerate(kinds(graph)):
        double = ", peripheries=2" if id(node) in outputs else ""
        label = _quoted(f"{preview(graph.name_of(node), 40)}\n{preview(graph.value_of(node), 40)}")
        lines.append(f"  n{i} [label={label}, {_LOOKS[kind]}{double}];")
    for parent, child, argument, inferred in graph.edges():
        dashed = ", style=dashed" if inferred else ""
        label = _quoted(preview(argument, 30))
        lines.append(f"  n{place[id(parent)]} -> n{place[id(child)]} [label={label}{dashed}];")
    for i, sent in enumerate(feedback_of(graph)):
        for j, (node, text) in enumerate(zip(sent.outputs, sent.texts, strict=True)):
            if id(node) in place:
                lines.append(f"  f{i}_{j} [label={_quoted(said_of(node, text, 60))}, {_NOTE}];")
                lines.append(
                    f"  n{place[id(node)]} -> f{i}_{j} [dir=back, style=dotted, arrowtail=odot];"
                )
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'

"""A graph for networkx: to measure, to compare, to draw with its tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracegraph.graph.export.kinds import kinds

if TYPE_CHECKING:
    import networkx

    from tracegraph.graph.subgraph import Subgraph


def to_networkx(graph: Subgraph) -> networkx.DiGraph[str]:
    """Return a ``DiGraph`` whose nodes are the names in the graph.

    Nodes have ``node``, ``kind`` ("parameter", "input", "call", "exception"), ``data`` and
    ``output``; edges ``arguments`` (a list: one node may be passed twice) and ``inferred``
    (whether all of them are).
    """
    import networkx

    outputs = {id(node) for node in graph.outputs}
    made: networkx.DiGraph[str] = networkx.DiGraph(name=graph.name)
    for node, kind in kinds(graph):
        name = graph.name_of(node)
        made.add_node(
            name, node=node, kind=kind, data=graph.value_of(node), output=id(node) in outputs
        )
    for parent, child, argument, inferred in graph.edges():
        ends = graph.name_of(parent), graph.name_of(child)
        if made.has_edge(*ends):
            edge = made.edges[ends]
            edge["arguments"].append(argument)
            edge["inferred"] = edge["inferred"] and inferred
        else:
            made.add_edge(*ends, arguments=[argument], inferred=inferred)
    return made

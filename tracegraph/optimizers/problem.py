"""An OPTO problem as a value: what ran, what could be changed, and what was said about it.

Source: Cheng, Nie, Swaminathan 2024, "Trace is the New AutoDiff", section 3.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tracegraph.graph.containers import holds_nodes
from tracegraph.graph.export.as_json import bound, signature_text
from tracegraph.graph.export.values import stable_repr
from tracegraph.graph.node import ExceptionNode, Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tracegraph.graph.node import MessageNode
    from tracegraph.graph.subgraph import Subgraph


@dataclass(frozen=True, slots=True)
class Variable:
    """A parameter as it was in a run.

    Attributes:
        name: the parameter's name, by which a proposal refers to it.
        value: the native value that it had.
        kind: "text", "code", "int", "float", "choice", "bool", "list" or "json".
        constraint: what a value must obey, in words; empty for anything.
        description: what the parameter is for; empty where nothing was said.
    """

    name: str
    value: Any
    kind: str
    constraint: str = ""
    description: str = ""


class Edge(NamedTuple):
    """A value that a call got.

    Attributes:
        parent: the variable, input or call that the value came from, by name.
        child: the call that got it.
        argument: as what; ``argument~name`` where the argument was made from the value.
    """

    parent: str
    child: str
    argument: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One run of a workflow with feedback on its output.

    All texts are whole; what shows them to a model shortens them.

    Attributes:
        lines: the calls in topological order, each as code: ``out = fun(a=x, n=3)``.
        documentation: for each function that was called, its signature and what it does.
        variables: the parameters that could have caused the output.
        inputs: the other values that the calls started from, by name, as text.
        others: what the calls in between returned.
        outputs: what the last calls returned, or the error that one raised.
        feedback: what was said about the outputs.
        score: how good they were, higher is better; None where nobody said.
        example: which example of the data it was; empty outside of training.
        left_out: how many calls were cut out of ``lines``.
        edges: which call got which value.
        constants: what a call got that came from nowhere in the graph, by call and argument;
            ``lines`` has it too, but shortened.
    """

    lines: tuple[str, ...]
    documentation: Mapping[str, str]
    variables: tuple[Variable, ...]
    inputs: Mapping[str, str]
    others: Mapping[str, str]
    outputs: Mapping[str, str]
    feedback: str
    score: float | None = None
    example: str = ""
    left_out: int = 0
    edges: tuple[Edge, ...] = ()
    constants: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, graph: Subgraph, *, parameters: Iterable[str] | None = None, example: str = ""
    ) -> Problem:
        """Return the problem of a graph with feedback, live or read back from JSON.

        Args:
            graph: as ``Feedback.subgraph()`` or ``Recording.judged()`` give it.
            parameters: the names of those that may change; the others become inputs.
            example: the name of the example.
        """
        wanted = None if parameters is None else set(parameters)
        documentation: dict[str, str] = {}
        for node in graph.calls:
            operation = node.operation
            documentation.setdefault(operation.name, describe(operation))
        variables, inputs = [], {}
        for root in graph.parameters:
            value = graph.value_of(root)
            if wanted is not None and root.name not in wanted:
                inputs[graph.name_of(root)] = as_text(value)
                continue
            kind = getattr(root, "kind", type(value).__name__)
            variables.append(
                Variable(root.name, value, kind, root.constraint or "", root.description)
            )
        for root in graph.inputs:
            inputs[graph.name_of(root)] = as_text(graph.value_of(root))
        ends = {id(node) for node in graph.outputs}
        others = {graph.name_of(n): _result(n) for n in graph.calls if id(n) not in ends}
        outputs = {graph.name_of(n): _result(n) for n in graph.outputs}
        sent = graph.feedback
        called = {id(node): graph.name_of(node) for node in graph.nodes()} | {
            id(node): node.name
            for node in graph.parameters
            if wanted is None or node.name in wanted
        }
        return cls(
            tuple(graph.line(node) for node in graph.calls),
            documentation,
            tuple(variables),
            inputs,
            others,
            outputs,
            "" if sent is None else "\n".join(dict.fromkeys(map(str, sent.texts))),
            None if sent is None else mean_score(sent.scores),
            example,
            graph.left_out,
            tuple(Edge(called[id(p)], called[id(n)], key) for p, n, key, _ in graph.edges()),
            {graph.name_of(n): found for n in graph.calls if (found := _constants(n))},
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Problem:
        """Return the problem that `to_json` wrote."""
        return cls(
            **{
                **data,
                "lines": tuple(data["lines"]),
                "variables": tuple(Variable(**variable) for variable in data["variables"]),
                "edges": tuple(Edge(*edge) for edge in data.get("edges", ())),
            }
        )

    @property
    def values(self) -> dict[str, Any]:
        """The value of each variable, by name."""
        return {variable.name: variable.value for variable in self.variables}

    def to_json(self) -> dict[str, Any]:
        """Return the problem as plain dicts, lists and texts."""
        return asdict(self)


def as_text(value: Any) -> str:
    """Return a value as a model should read it: texts as they are, other values as Python."""
    return value if isinstance(value, str) else stable_repr(value)


def mean_score(scores: Iterable[Any]) -> float | None:
    """Return the mean of scores: numbers, dicts of numbers, or None for none."""
    found: list[float] = []
    for score in scores:
        if isinstance(score, (int, float)):
            found.append(float(score))
        elif score:
            found.extend(float(number) for number in score.values())
    return sum(found) / len(found) if found else None


def describe(operation: Any) -> str:
    """Return a function's signature and what it does, in one text."""
    about = operation.description or operation.doc
    head = f"{operation.name}{signature_text(operation)}"
    return f"{head}: {about}" if about else head


def _constants(node: MessageNode[Any]) -> dict[str, str]:
    given = bound(node)
    if node.operation.receiver and given:
        given.pop(next(iter(given)))
    return {
        key: as_text(value)
        for key, value in given.items()
        if not isinstance(value, Node) and not holds_nodes(value)
    }


def _result(node: Node[Any]) -> str:
    if isinstance(node, ExceptionNode):
        return f"raised {node.create_feedback('full')}"
    return as_text(node._data)

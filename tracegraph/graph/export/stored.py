"""A graph read back from JSON: to look at, to send feedback over, to export; not to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from tracegraph.graph.constraints import Words
from tracegraph.graph.errors import GraphError, SchemaVersionError
from tracegraph.graph.export.as_json import FORMAT, VERSION
from tracegraph.graph.export.values import Decoder
from tracegraph.graph.feedback import Feedback
from tracegraph.graph.node import NAMED, ExceptionNode, MessageNode, Node, distinct, message
from tracegraph.graph.operation import Operation
from tracegraph.graph.parameter import Kind, ParameterNode
from tracegraph.graph.subgraph import Subgraph

if TYPE_CHECKING:
    import inspect
    from collections.abc import Mapping


def from_json(document: Any) -> Subgraph:
    """Return the graph of a document that `to_json` made.

    Its nodes are new and belong to no recording. Constraints of parameters are words: they are
    told to optimizers, but not checked.

    Raises:
        SchemaVersionError: another format or version.
        GraphError: a damaged document.
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise SchemaVersionError(
            f"this is no graph: 'format' must be {FORMAT!r}; pass what to_json returned"
        )
    version = document.get("version")
    if type(version) is not int or version != VERSION:
        raise SchemaVersionError(
            f"the graph has version {version!r}, and this tracegraph reads version {VERSION}:"
            " read it with the tracegraph that wrote it, or record the graph again"
        )
    try:
        return _Reader(document).graph()
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise GraphError(
            f"the graph is damaged ({type(error).__name__}: {error}); export it again"
        ) from error


class StoredOperation(Operation):
    """What was kept of a function; it cannot be called."""

    __slots__ = ("_defaults", "entry")

    def __init__(self, entry: Mapping[str, Any], decode: Decoder) -> None:
        receiver = entry["receiver"]
        self.entry = dict(entry)
        super().__init__(
            _not_here,
            name=str(entry["name"]),
            arguments=() if receiver is None else (str(receiver),),
        )
        self.description = str(entry["description"])
        self.receiver = receiver is not None
        self._defaults = {str(key): decode(value) for key, value in entry["defaults"].items()}

    @property
    def doc(self) -> str:
        """The docstring of the function, without indentation."""
        return str(self.entry["doc"])

    @property
    def signature(self) -> inspect.Signature | None:
        """None: only its text was kept, in ``entry``."""
        return None

    @property
    def source(self) -> str:
        """The source as written."""
        return str(self.entry["source"])

    def bind(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, defaults: bool = False
    ) -> dict[str, Any]:
        """Name each argument: they were stored by name, but for the object of a method."""
        named = dict(zip(self.arguments, args, strict=False)) | dict(kwargs)
        return named | {k: v for k, v in self._defaults.items() if defaults and k not in named}


class _Reader:
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.nodes: list[Node[Any]] = []
        self.decode = Decoder(self._at)
        self.operations = [StoredOperation(e, self.decode) for e in document["operations"]]
        self.edges: dict[int, list[dict[str, Any]]] = {}
        for edge in document["edges"]:
            self.edges.setdefault(edge["target"], []).append(edge)

    def graph(self) -> Subgraph:
        document = self.document
        for place, entry in enumerate(document["nodes"]):
            if entry["id"] != place:
                raise ValueError(f"node {place} has the id {entry['id']!r}")
            self.nodes.append(self._node(entry))
        pairs = list(zip(self.nodes, document["nodes"], strict=True))
        calls = [node for node in self.nodes if isinstance(node, MessageNode)]
        sent = [self._feedback(entry) for entry in document["feedback"]]
        for node, entry in pairs:
            node._feedback = tuple(sent[place] for place in entry["feedback"])
        made = Subgraph(
            calls,
            [self._at(place) for place in document["outputs"]],
            feedback=next(
                (s for s, e in zip(sent, document["feedback"], strict=True) if e["of_the_graph"]),
                None,
            ),
            left_out=int(document["left_out"]),
            name=str(document["name"]),
        )
        # The order and the names are those that the graph had, whatever they come from.
        made.parameters = [node for node in self.nodes if node.trainable]
        made.inputs = [node for node, entry in pairs if entry["kind"] == "input"]
        made.names = {id(node): str(entry["name"]) for node, entry in pairs}
        return made

    def _at(self, place: Any) -> Node[Any]:
        # Only what was read before: so no document can describe a cycle.
        if type(place) is not int or not 0 <= place < len(self.nodes):
            raise ValueError(f"no node {place!r} comes before")
        return self.nodes[place]

    def _node(self, entry: dict[str, Any]) -> Node[Any]:
        kind, label, value = entry["kind"], str(entry["label"]), self.decode(entry["value"])
        if kind in ("call", "exception"):
            return self._call(entry, label, value)
        if kind == "input":
            made: Node[Any] = Node(
                value,
                name=label,
                description=entry["description"] or None,
                constraint=entry["constraint"],
            )
            made._data = value
            return made
        if kind != "parameter":
            raise ValueError(f"{kind!r} is no kind of node")
        about = entry["parameter"]
        # Not through the constructor: it would check the value against words.
        parameter: ParameterNode[Any] = ParameterNode.__new__(ParameterNode)
        Node.__init__(parameter, value, name=label, description=entry["description"] or None)
        parameter._kind = about["kind"] if about["kind"] in get_args(Kind) else None
        parameter._schema, parameter._projections = None, ()
        parameter._version = int(about["version"])
        parameter._constraints = tuple(Words(str(text)) for text in about["constraints"])
        return parameter

    def _call(self, entry: dict[str, Any], label: str, value: Any) -> MessageNode[Any]:
        operation = self.operations[entry["operation"]]
        named = {str(key): self.decode(item) for key, item in entry["arguments"].items()}
        args = tuple(named.pop(key) for key in operation.arguments if key in named)
        read = {str(key): self._at(place) for key, place in entry["read"].items()}
        edges = self.edges.get(entry["id"], [])
        made = message(
            ExceptionNode if entry["kind"] == "exception" else MessageNode,
            operation,
            value,
            args,
            named,
            distinct(tuple(self._at(edge["source"]) for edge in edges)),
            None,
            read or None,
        )
        made._base, made._index = label, NAMED
        made._inferred = frozenset(str(edge["argument"]) for edge in edges if edge["inferred"])
        notes: dict[str, Any] = {"constraint": entry["constraint"]}
        if isinstance(made, ExceptionNode):
            notes["info"] = {"error_comment": entry["error"]}
        made._notes = notes
        return made

    def _feedback(self, entry: dict[str, Any]) -> Feedback:
        about = entry["about"]
        sent = Feedback(
            [self._at(item["node"]) for item in about],
            [self.decode(item["text"]) for item in about],
            [self.decode(item["score"]) for item in about],
        )
        for place, items in entry["received"].items():
            sent.received[id(self._at(int(place)))] = [self.decode(item) for item in items]
        return sent


def _not_here(*args: Any, **kwargs: Any) -> Any:
    raise GraphError("this node was read from a file: there is no function to call again")

"""What can go wrong while recording, propagating or updating."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracegraph.errors import TracegraphError

if TYPE_CHECKING:
    from tracegraph.graph.node import ExceptionNode


class GraphError(TracegraphError):
    """A graph cannot be built, walked or read as asked."""


class CycleError(GraphError):
    """The parents of a node lead back to it."""


class FeedbackError(GraphError):
    """Feedback cannot be propagated from this node."""


class RecordingClosedError(GraphError):
    """Something was recorded into a recording that has ended."""


class SchemaVersionError(GraphError):
    """A stored graph was written in a form that this version cannot read."""


class SourceError(GraphError):
    """A function has no usable source code."""


class MissingInputsError(GraphError):
    """A bundled function read nodes that were not passed to it."""


class ParameterError(TracegraphError):
    """A parameter was named or updated wrongly; nothing was changed."""


class ConstraintError(ParameterError):
    """A value breaks a constraint of the parameter; the old value stays."""

    def __init__(self, parameter: str, constraint: str, value: object) -> None:
        shown = repr(value)
        if len(shown) > 200:
            shown = f"{shown[:160]}… ({len(shown)} characters)"
        super().__init__(f"parameter {parameter!r}: {constraint}; got {shown}")
        self.parameter = parameter
        self.constraint = constraint
        self.value = value


class CodeError(ParameterError):
    """Code proposed for a parameter is refused; the old code keeps running."""


class LearnedCodeError(TracegraphError):
    """Changed code raised, hung or was stopped; ``kind`` is the error's type in its own words."""

    from_the_code = True  # it counts as the function's own exception: it becomes feedback

    def __init__(self, kind: str, text: str, error_comment: str | None = None) -> None:
        super().__init__(text)
        self.kind = kind
        self.error_comment = error_comment


class ExecutionError(TracegraphError):
    """A recorded call raised; ``exception_node`` holds the error as a node of the graph."""

    def __init__(self, exception_node: ExceptionNode) -> None:
        super().__init__(exception_node.text)
        self.exception_node = exception_node

    def __str__(self) -> str:
        return self.exception_node.create_feedback("full")

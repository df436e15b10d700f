"""Record: nodes, bundled functions, recordings, feedback, credit, export."""

from __future__ import annotations

from tracegraph.graph.bundle import BundledFunction, bundle
from tracegraph.graph.constraints import Choices, Length, Pattern, Predicate, Range, Words
from tracegraph.graph.containers import NodeContainer
from tracegraph.graph.errors import (
    CodeError,
    ConstraintError,
    CycleError,
    ExecutionError,
    FeedbackError,
    GraphError,
    LearnedCodeError,
    MissingInputsError,
    ParameterError,
    RecordingClosedError,
    SchemaVersionError,
    SourceError,
)
from tracegraph.graph.feedback import Feedback, backward, sum_feedback
from tracegraph.graph.module import Map, Module, Seq, model
from tracegraph.graph.node import ExceptionNode, MessageNode, Node
from tracegraph.graph.parameter import ParameterNode, node
from tracegraph.graph.recording import Recording, record
from tracegraph.graph.scope import off, on, stop_tracing
from tracegraph.graph.subgraph import Subgraph

__all__ = [
    # to start with
    "node", "bundle", "record", "model", "Module",
    # nodes
    "Node", "ParameterNode", "MessageNode", "ExceptionNode", "BundledFunction",
    "NodeContainer", "Seq", "Map",
    # constraints
    "Range", "Choices", "Pattern", "Length", "Predicate", "Words",
    # recording and feedback
    "Recording", "off", "on", "stop_tracing", "backward", "sum_feedback", "Feedback", "Subgraph",
    # errors
    "GraphError", "CycleError", "FeedbackError", "RecordingClosedError", "SchemaVersionError",
    "SourceError", "MissingInputsError", "ParameterError", "ConstraintError", "CodeError",
    "LearnedCodeError", "ExecutionError",
]  # fmt: skip

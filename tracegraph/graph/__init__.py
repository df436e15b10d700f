"""Record: nodes, bundled functions, feedback."""

from tracegraph.graph.bundle import bundle
from tracegraph.graph.node import ExceptionNode, MessageNode, Node
from tracegraph.graph.parameter import ParameterNode, node
from tracegraph.graph.recording import record
from tracegraph.graph.scope import off, on, stop_tracing

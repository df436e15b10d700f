"""Measured blame: which call's values and errors go with failure, and which could undo it."""

from tracegraph.graph.blame.alignment import align
from tracegraph.graph.blame.ranking import blame
from tracegraph.graph.blame.report import Blame, Entry
from tracegraph.graph.blame.trials import Trials

__all__ = ["blame", "Blame", "Entry", "Trials", "align"]

"""The guides: exact, pattern, numeric, code, judge, weighted, and any Python function."""

from tracegraph.training.guides.code import CodeTest
from tracegraph.training.guides.exact import ExactMatch
from tracegraph.training.guides.function import FunctionGuide
from tracegraph.training.guides.judge import Judge
from tracegraph.training.guides.make import make_guide
from tracegraph.training.guides.numeric import Numeric
from tracegraph.training.guides.pattern import Pattern
from tracegraph.training.guides.weighted import Weighted

__all__ = [
    "make_guide",
    "ExactMatch", "Pattern", "Numeric", "CodeTest", "Judge", "Weighted", "FunctionGuide",
]  # fmt: skip

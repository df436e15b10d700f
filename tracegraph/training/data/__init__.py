"""Examples: reading them from files, splitting them fairly, drawing from them.

>>> from tracegraph.training.data import load_examples, split
>>> examples = load_examples("messages.jsonl", expected="label")
>>> parts = split(examples, seed=1)
"""

from tracegraph.training.data.errors import DataError, DataWarning
from tracegraph.training.data.example import Example
from tracegraph.training.data.load import load_examples
from tracegraph.training.data.sampling import draw, shuffled
from tracegraph.training.data.splits import Splits, split

__all__ = [
    "Example", "load_examples",
    "Splits", "split", "draw", "shuffled",
    "DataError", "DataWarning",
]  # fmt: skip

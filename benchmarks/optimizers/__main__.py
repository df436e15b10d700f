"""Run one of the comparisons: ``python -m benchmarks.optimizers numeric`` (or heuristics, …).

Each is a module of this package with a function ``main(arguments)``.
"""

import importlib
import sys
from pathlib import Path

COMPARISONS = sorted(
    path.stem
    for path in Path(__file__).parent.glob("*.py")
    if "\ndef main(" in path.read_text(encoding="utf-8")
)

if len(sys.argv) < 2 or sys.argv[1] not in COMPARISONS:
    sys.exit(f"usage: python -m benchmarks.optimizers {{{','.join(COMPARISONS)}}} [options]")
importlib.import_module(f"benchmarks.optimizers.{sys.argv[1]}").main(sys.argv[2:])

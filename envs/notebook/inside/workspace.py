"""The folder of a notebook: names that lead to the read-only files of the task."""

from __future__ import annotations

import os
import random
import sys


def prepare(folder: str, names: list[str], seed: int) -> None:
    """Link the files of ``folder`` into the working directory, and seed what draws at random."""
    here = os.getcwd()
    for name in names:
        path = os.path.join(here, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(os.path.join(folder, name), path)
    if here not in sys.path:
        sys.path.insert(0, here)
    random.seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed % 2**32)

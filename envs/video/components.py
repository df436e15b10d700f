"""Connected parts of a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]


def components(mask: Mask, least: int = 1) -> list[Mask]:
    """Return the parts of a mask that touch (by sides), largest first, of at least some pixels.

    Rows are cut into runs, and runs that overlap in neighbouring rows are joined.
    """
    import numpy as np

    if mask.sum() < least:
        return []
    parent: list[int] = []
    runs: list[tuple[int, int, int]] = []  # row, first column, column after the last

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    above: list[int] = []
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    for row, line in enumerate(np.diff(padded, axis=1)):
        here: list[int] = []
        starts, ends = np.flatnonzero(line == 1).tolist(), np.flatnonzero(line == -1).tolist()
        for first, after in zip(starts, ends, strict=True):
            number = len(runs)
            runs.append((row, first, after))
            parent.append(number)
            for other in above:
                if runs[other][1] < after and first < runs[other][2]:
                    parent[root(other)] = root(number)
            here.append(number)
        above = here
    found: dict[int, Mask] = {}
    for number, run in enumerate(runs):
        part = found.setdefault(root(number), np.zeros_like(mask))
        part[run[0], run[1] : run[2]] = True
    kept = [part for part in found.values() if part.sum() >= least]
    return sorted(kept, key=lambda part: -int(part.sum()))

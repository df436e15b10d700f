from __future__ import annotations

import pytest

from tracegraph.training.report.curve import _round_steps


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 6, [0, 1, 2, 3, 4, 5, 6]),
        (0.4, 1.0, [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        (0, 0.00012, [0, 0.00002, 0.00004, 0.00006, 0.00008, 0.0001, 0.00012]),
        (0, 0, [0]),
        (0, 41_000, [0, 10_000, 20_000, 30_000, 40_000]),
    ],
)
def test_round_steps(low: float, high: float, expected: list[float]) -> None:
    assert _round_steps(low, high, 6) == pytest.approx(expected)

"""What a cell that showed nothing has set."""

from __future__ import annotations

import pytest

from tracegraph.agents.datarus.silent import last_set


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a = 1\nb = a", "b"),
        ("a = b = 2", "b"),
        ("a += 1", "a"),
        ("a: int = 1", "a"),
        ("a: int", None),
        ("a.b = 1", None),
        ("a, b = 1, 2", None),
        ("print(1)", None),
        ("%time a = 1", None),
        ("", None),
    ],
)
def test_what_the_last_line_sets(written: str, name: str | None) -> None:
    assert last_set(written) == name

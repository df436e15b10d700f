"""Rows become examples, and episodes rows."""

import pytest

pytest.importorskip("datasets")


def test_both_ways(recipe, capsys):
    recipe("24_datasets").main()
    told = capsys.readouterr().out
    assert "train  1 + 1? 2" in told
    assert "test   4 + 4? 8" in told
    assert "5 conversations: messages" in told

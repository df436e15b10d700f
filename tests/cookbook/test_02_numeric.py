"""Both ways bring the ball nearer to the basket."""

import pytest


def test_both_come_nearer(recipe, cassette, capsys):
    module = recipe("02_numeric")
    module.main(["--steps", "4"])
    lines = capsys.readouterr().out.splitlines()
    first, last = lines[2], lines[-2:]
    assert first.count("8.0 m/s, 20.0°:  25.8 m off") == 2, "they begin with the same throw"
    assert [line.partition(":")[0] for line in last] == ["search by numbers", "OptoPrime by words"]
    for line in last:
        best = float(line.partition(": ")[2].split(" m ")[0])
        assert best < 25.8


def test_longer_search_hits(recipe):
    module = recipe("02_numeric")
    misses = [missed for _, missed in module.by_search(25)]
    assert min(misses) < 1.5
    assert module.speed.data == 8.0
    assert module.throw().data == pytest.approx(4.2, abs=0.05)

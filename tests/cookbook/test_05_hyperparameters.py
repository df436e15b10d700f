"""Better settings are found, and are better on data that the search never saw."""

import re

import pytest


def test_the_best_settings_hold_on_fresh_data(recipe, capsys):
    module = recipe("05_hyperparameters")
    module.main([])
    line = capsys.readouterr().out.splitlines()[-1]
    before, after = map(float, re.findall(r"\d\.\d+", line))
    assert line.startswith("fresh data")
    assert after < before / 2
    assert module.pipeline(module.TEST).data == pytest.approx(after, abs=0.001)


def test_settings_that_are_no_better_do_not_stay(recipe, capsys):
    module = recipe("05_hyperparameters")
    module.main(["--trials", "1"])
    assert "no better there: the first settings stay" in capsys.readouterr().out
    assert (module.rate.data, module.basis.data, module.size.data) == (0.01, "powers", 3)

"""The run is in MLflow with its scores and its proof."""

import pytest

pytest.importorskip("mlflow")


@pytest.mark.slow
def test_the_run_is_in_mlflow(recipe, capsys):
    recipe("22_mlflow").main()
    told = capsys.readouterr().out
    assert "optimizer: numeric" in told
    assert "scores tried: " in told
    assert "scores tried: 0" not in told
    assert "files: proof.json, report.html, summary.json, values.json" in told
    before, after = told.partition("proof: ")[2].split(" before, ")
    assert float(after.split()[0]) > float(before)

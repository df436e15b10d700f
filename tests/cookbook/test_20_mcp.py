"""A client of the SDK analyses a table in a notebook."""

import pytest

pytest.importorskip("mcp")
pytest.importorskip("ipykernel")


@pytest.mark.slow
def test_a_client_asks_a_notebook(recipe, capfd):
    recipe("20_mcp").main()
    told = capfd.readouterr().out
    assert "tools: list_files, run_cell, restart" in told
    assert "north    440" in told
    assert "[image/png]" in told
    assert "KeyError: 99" in told

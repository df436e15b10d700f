"""The example passes as it is, and fails when the workflow was made worse."""


def test_the_test_tells_both(recipe, capsys):
    recipe("23_pytest").main()
    before, _, after = capsys.readouterr().out.partition("with other words:")
    assert "1 passed" in before
    assert "1.000 (0.610 to 1.000) on 6 examples" in before
    assert "1 failed" in after
    assert "0.00 charged: 'support'" in after

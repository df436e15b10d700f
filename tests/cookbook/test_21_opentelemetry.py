"""Spans become episodes with rewards, and episodes spans."""


def test_spans_both_ways(recipe, capsys):
    recipe("21_opentelemetry").main()
    told = capsys.readouterr().out
    assert "0  Cancel order 9! -> Please call us.\n   The service can cancel" in told
    assert told.count("  chat gpt-4.1-mini") == 3
    assert told.count("  invoke_agent POST /ask") == 3

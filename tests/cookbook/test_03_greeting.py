"""The agent learns to greet people in their language, also those it was not corrected for."""


def test_it_learns_to_greet(recipe, cassette, capsys):
    module = recipe("03_greeting")
    module.main(["--steps", "3"])
    text = capsys.readouterr().out
    assert "- Bonjour, ma commande n'est pas arrivée. -> Good day!" in text, "wrong at first"
    if "no better prompt was found" in text:
        return
    assert "+ Bonjour, ma commande n'est pas arrivée. -> Bonjour !" in text
    assert "messages it never saw: 0% before" in text

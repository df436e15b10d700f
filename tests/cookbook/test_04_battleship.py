"""The game is fair; functions that a model wrote play it better, or it says that they do not."""

from tracegraph.optimizers import Proposal, apply

NEAR_HITS_FIRST = """\
def reason(board):
    return sorted(untried(board), key=lambda cell: -hits_beside(board, cell))
"""


def test_the_model_rewrites_the_functions(recipe, cassette, capsys):
    module = recipe("04_battleship")
    module.main(["--trials", "4"])
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert lines[0].startswith("t000: as written: 47% of the ship cells were hit")
    if any(": better: " in line for line in lines):
        assert "def " in text
        assert lines[-1].startswith("fresh boards: 53% with the first functions, ")
    else:
        assert lines[-1] == "no better function was written"


class FakeOptimizer:
    """Proposes functions from a list."""

    name = "fake"
    kinds = frozenset({"code"})

    def __init__(self, *sources):
        self.sources = list(sources)

    def rounds(self, step):
        return 1

    async def propose(self, step):
        values = {"__code_reason": self.sources.pop(0)} if self.sources else {}
        return [Proposal(values, self.name)]


def test_what_happened_is_told(recipe, capsys, monkeypatch):
    module = recipe("04_battleship")
    written = FakeOptimizer("def reason(board):\n    return 1 / 0\n", NEAR_HITS_FIRST)
    monkeypatch.setattr(module, "OptoPrime", lambda llm: written)
    module.main(["--trials", "6"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "t001: no better: ZeroDivisionError: division by zero"
    assert lines[2] == "t002: better: 59% of the ship cells were hit with 18 shots a board."
    assert lines[3] == "the model wrote nothing more that could be used"
    assert lines[-1] == "fresh boards: 53% with the first functions, 62% with these"


def test_better_code_scores_better(recipe):
    module = recipe("04_battleship")
    before, said = module.measure(module.PRACTICE)
    assert "shots went elsewhere" in said
    assert "lost" not in said
    parameter = module.reason.parameter
    apply({parameter.name: NEAR_HITS_FIRST}, {parameter.name: parameter})
    after, said = module.measure(module.PRACTICE)
    assert after > before + 0.1
    assert "elsewhere" not in said


def test_boards_hold_all_ships(recipe):
    module = recipe("04_battleship")
    boards = {module.hidden_ships(seed) for seed in range(50)}
    assert {len(ships) for ships in boards} == {sum(module.SHIPS)}
    assert len(boards) > 45

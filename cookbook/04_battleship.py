"""Two functions play battleship; a model rewrites them, and the new code runs in the sandbox.

Run it: python cookbook/04_battleship.py [--trials 5]

Needs: pip install 'tracegraph[local]'
"""

import argparse
import random

import tracegraph as tg
from tracegraph.models import LLM
from tracegraph.optimizers import OptoPrime, apply
from tracegraph.training.search import search_sync

SIDE, SHIPS, SHOTS = 6, (4, 3, 2), 18
PRACTICE, FRESH = range(12), range(100, 160)  # the seeds of boards


def untried(board):
    return [
        (row, column) for row in range(SIDE) for column in range(SIDE) if board[row][column] == "."
    ]


def hits_beside(board, cell):
    row, column = cell
    near = [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
    return sum(r in range(SIDE) and c in range(SIDE) and board[r][c] == "x" for r, c in near)


@tg.bundle(trainable=True)
def reason(board):
    """Return the untried cells as (row, column), the most promising first.

    hits_beside(board, cell) counts the hits above, below, left and right of a cell.
    """
    return untried(board)


@tg.bundle(trainable=True)
def choose(board, cells):
    """Return the cell to shoot at next."""
    return cells[0]


@tg.bundle
def fire(ships, board, cell):
    """Return the board after a shot; one outside, or at a cell tried before, is lost."""
    row, column = cell
    if not (row in range(SIDE) and column in range(SIDE)) or board[row][column] != ".":
        return list(board)
    mark = "x" if (row, column) in ships else "o"
    line = board[row][:column] + mark + board[row][column + 1 :]
    return [*board[:row], line, *board[row + 1 :]]


def hidden_ships(seed):
    """Return the cells of ships that lie straight, and do not overlap."""
    rng = random.Random(f"battleship {seed}")
    taken = set()
    for length in SHIPS:
        while True:
            along, across = rng.randrange(SIDE - length + 1), rng.randrange(SIDE)
            cells = {(across, along + i) for i in range(length)}
            if rng.random() < 0.5:
                cells = {(column, row) for row, column in cells}
            if not cells & taken:
                taken |= cells
                break
    return frozenset(taken)


def play(seed):
    """Play one board; return the share of ship cells that were hit, and the faults made."""
    ships = hidden_ships(seed)
    board = ["." * SIDE] * SIDE
    lost = strayed = 0
    for _ in range(SHOTS):
        cell = choose(board, reason(board))
        after = fire(ships, board, cell)
        lost += after == board
        strayed += not hits_beside(board, cell) and any(
            hits_beside(board, other) for other in untried(board)
        )
        board = after
    return sum(row.count("x") for row in board) / len(ships), lost, strayed


def score(seeds):
    """Return the mean share of ship cells hit over some boards, and what the game says."""
    shares, lost, strayed = zip(*map(play, seeds), strict=True)
    mean = sum(shares) / len(shares)
    said = f"{mean:.0%} of the ship cells were hit with {SHOTS} shots a board."
    if any(lost):
        said += f" {sum(lost)} shots were lost: outside, or at a cell tried before."
    if any(strayed):
        said += (
            f" {sum(strayed)} shots went elsewhere although an untried cell beside a hit (above,"
            " below, left or right of it) was there: ships are straight lines of 2 to 4 cells."
        )
    return mean, said


def measure(seeds):
    with tg.record():
        return score(seeds)


def report(trial):
    verdict = "better" if trial.accepted else "no better" if trial.optimizer else "as written"
    print(f"{trial.id}: {verdict}: {trial.problem or trial.feedback['objective']}")


def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--trials", type=int, default=5)
    trials = options.parse_args(arguments).trials

    functions = {each.parameter.name: each.parameter for each in (reason, choose)}
    before, _ = measure(FRESH)
    found = search_sync(
        lambda values: score(PRACTICE),
        functions.values(),
        OptoPrime(llm=LLM("local")),
        trials=trials,
        about="Play battleship: hit as many ship cells as possible with few shots.",
        on_trial=report,
    )
    if found.ended == "exhausted":
        print("the model wrote nothing more that could be used")
    changed = {n: code for n, code in found.values.items() if code != functions[n].data}
    if not changed:
        print("\nno better function was written")
        return
    apply(changed, functions)
    after, _ = measure(FRESH)
    for code in changed.values():
        print(f"\n{code.rstrip()}")
    print(f"\nfresh boards: {before:.0%} with the first functions, {after:.0%} with these")


if __name__ == "__main__":
    main()

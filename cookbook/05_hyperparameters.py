"""Search the settings of a small machine-learning pipeline, and check the best on fresh data.

Run it: python cookbook/05_hyperparameters.py [--optimizer hybrid] [--trials 60]

Needs: pip install 'tracegraph[numeric]'
"""

import argparse

import numpy as np

import tracegraph as tg
from tracegraph.optimizers import apply, make
from tracegraph.training.search import search_sync

rate = tg.Parameter(0.01, name="rate", low=1e-4, high=1.0, log=True)
penalty = tg.Parameter(0.1, name="penalty", low=1e-6, high=10.0, log=True)
basis = tg.Parameter("powers", name="basis", choices=["powers", "waves", "bumps"])
size = tg.Parameter(3, name="size", low=1, high=12, description="How many features.")
SETTINGS = [rate, penalty, basis, size]


def measurements(count, seed):
    """Return points between -1 and 1 and noisy values of a function that nobody knows."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, count)
    return x, np.sin(5 * x) + 0.5 * x + rng.normal(0, 0.2, count)


TRAIN, VALIDATION, TEST = measurements(40, 1), measurements(100, 2), measurements(1000, 3)


@tg.bundle
def features(x, basis, size):
    """Return a row of features for each point: a one, and ``size`` functions of it."""
    numbers = np.arange(1, size + 1)
    if basis == "powers":
        made = x[:, None] ** numbers
    elif basis == "waves":
        made = np.sin(numbers * x[:, None] * np.pi / 2)
    else:
        centres = np.linspace(-1, 1, size)
        made = np.exp(-(((x[:, None] - centres) * 3) ** 2))
    return np.column_stack([np.ones(len(x)), made])


@tg.bundle
def fit(rows, y, rate, penalty):
    """Ridge regression by 200 steps of gradient descent."""
    weights = np.zeros(rows.shape[1])
    for _ in range(200):
        slope = rows.T @ (rows @ weights - y) / len(y) + penalty * weights
        weights = weights - rate * slope
        if abs(weights).max() > 1e6:
            raise ValueError("the descent runs away: the rate is too high")
    return weights


@tg.bundle
def error(rows, weights, y):
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((rows @ weights - y) ** 2)))


def pipeline(data):
    """Train with the present settings; return the error on other data."""
    x, y = TRAIN
    weights = fit(features(x, basis, size), y, rate, penalty)
    x, y = data
    return error(features(x, basis, size), weights, y)


def report(trial):
    """Print each trial that is better than all before it."""
    if trial.accepted or not trial.optimizer:
        settings = ", ".join(
            f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in trial.values.items()
        )
        print(f"{trial.id}: error {-trial.score:.3f} with {settings}")


def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--optimizer", default="numeric", help="numeric, hybrid, or any other")
    options.add_argument("--trials", type=int, default=60)
    chosen = options.parse_args(arguments)

    before = pipeline(TEST).data
    found = search_sync(
        lambda values: pipeline(VALIDATION),
        SETTINGS,
        make(chosen.optimizer),
        trials=chosen.trials,
        direction="minimize",
        about="The error of a regression on validation data.",
        on_trial=report,
    )
    failed = [trial for trial in found.trials if trial.problem]
    print(f"{len(found.trials)} trials, {len(failed)} failed" + (":" if failed else ""))
    for problem in sorted({trial.problem for trial in failed}):
        print("   ", problem)

    # The best of many looks better on validation data than it is: fresh data tell.
    changed = apply(found.values, {setting.name: setting for setting in SETTINGS})
    after = pipeline(TEST).data
    print(f"fresh data: error {before:.3f} with the first settings, {after:.3f} with the best")
    if after >= before:
        print("no better there: the first settings stay")
        changed.undo()


if __name__ == "__main__":
    main()

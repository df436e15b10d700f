"""Throw a ball into a basket: numbers found by feedback in words, and by search.

Run it: python cookbook/02_numeric.py [--steps 8]

Needs: pip install 'tracegraph[local,numeric]'
"""

import argparse
import math

import tracegraph as tg
from tracegraph.models import LLM
from tracegraph.optimizers import OptoPrime, make
from tracegraph.training.search import search_sync

BASKET = 30.0  # metres away
GRAVITY = 9.81

speed = tg.Parameter(8.0, name="speed", low=1, high=40, description="Of the throw, in m/s.")
angle = tg.Parameter(20.0, name="angle", low=5, high=85, description="Above the ground, degrees.")


@tg.bundle
def airtime(speed, angle):
    """How many seconds the ball flies."""
    return 2 * speed * math.sin(math.radians(angle)) / GRAVITY


@tg.bundle
def distance(speed, angle, seconds):
    """How many metres away the ball lands."""
    return speed * math.cos(math.radians(angle)) * seconds


def throw():
    return distance(speed, angle, airtime(speed, angle))


def judge(landed):
    """Return how far the ball missed, and what a bystander says about it."""
    missed = abs(landed - BASKET)
    far = "far" if landed > BASKET else "short"
    return missed, f"The ball lands at {landed:.1f} m, {missed:.1f} m too {far}."


def by_feedback(steps):
    """Let a model read what was computed and what was said about it, again and again."""
    optimizer = OptoPrime(
        [speed, angle], llm=LLM("local"), objective=f"The ball should land at {BASKET:g} m."
    )
    throws = []
    for step in range(steps):
        landed = throw()
        missed, said = judge(landed.data)
        throws.append(({"speed": speed.data, "angle": angle.data}, missed))
        if missed < 0.1 or step == steps - 1:
            break
        optimizer.zero_feedback()
        optimizer.backward(landed, said, score=-missed)
        optimizer.step()
    return throws


def by_search(steps):
    """Let a Gaussian process learn from the distances alone."""
    found = search_sync(
        lambda values: judge(throw()),
        [speed, angle],
        make("numeric", sampler="gp"),
        trials=steps,
        direction="minimize",
    )
    return [(trial.values, found.value_of(trial)) for trial in found.trials]


def row(throws, number):
    if number >= len(throws):
        return ""
    values, missed = throws[number]
    return f"{values['speed']:5.1f} m/s, {values['angle']:4.1f}°: {missed:5.1f} m off"


def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--steps", type=int, default=8, help="how many throws each may try")
    steps = options.parse_args(arguments).steps

    # The search leaves the parameters as they are, so both begin with the same throw.
    columns = {"search by numbers": by_search(steps), "OptoPrime by words": by_feedback(steps)}
    print(f"the basket is {BASKET:g} m away")
    print("throw  " + "  ".join(f"{title:<29}" for title in columns).rstrip())
    for number in range(steps):
        cells = [f"{row(throws, number):<29}" for throws in columns.values()]
        print(f"{number + 1:>5}  " + "  ".join(cells).rstrip())
    for title, throws in columns.items():
        first, best = throws[0][1], min(missed for _, missed in throws)
        verdict = f"{best:.1f} m off" if best < first else "no better throw found"
        print(f"{title}: {verdict}, at first {first:.1f} m")


if __name__ == "__main__":
    main()

"""A workflow without a model: numbers above a limit are large, and an answer has a form."""

import os
from pathlib import Path

import tracegraph as tg

limit = tg.Parameter(0.8, name="limit", low=0, high=1)
form = tg.Parameter("{label}!", name="form", choices=["{label}!", "{label}", "<{label}>"])


@tg.bundle
def measure(number):
    """How large a number is."""
    return number / 100


@tg.bundle
def decide(size, limit):
    """Large or small."""
    return "large" if size > limit else "small"


@tg.bundle
def write(label, form):
    """The answer in its form."""
    return form.format(label=label)


def workflow(number):
    """Say whether a number is large."""
    if log := os.environ.get("SAMPLE_LOG"):
        with Path(log).open("a") as file:
            file.write(f"{number}\n")
    return write(decide(measure(number), limit), form)

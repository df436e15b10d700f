"""Functions to be made small, with the parameters that span their spaces.

Branin, Rosenbrock and Ackley as in Surjanovic and Bingham's Virtual Library of Simulation
Experiments. The value of each task is its regret: 0 is the best there is.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracegraph.graph.parameter import ParameterNode


@dataclass(frozen=True)
class Task:
    """A function of values by name, the parameters, what decides over what, and the noise.

    The noise is normal, of this deviation, and added to what the optimizer sees.
    """

    name: str
    regret: Callable[[Mapping[str, Any]], float]
    parameters: Callable[[random.Random], list[ParameterNode[Any]]]
    when: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    noise: float = 0.0


def floats(names: list[str], low: float, high: float) -> Callable[..., list[ParameterNode[Any]]]:
    """Return a function that makes bounded numbers with random first values."""
    return lambda rng: [
        ParameterNode(rng.uniform(low, high), name=name, low=low, high=high) for name in names
    ]


def branin(v: Mapping[str, Any]) -> float:
    x, y = v["x"], v["y"]
    bowl = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return bowl**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.39788735772973816


def branin_parameters(rng: random.Random) -> list[ParameterNode[Any]]:
    return [
        ParameterNode(rng.uniform(-5, 10), name="x", low=-5, high=10),
        ParameterNode(rng.uniform(0, 15), name="y", low=0, high=15),
    ]


def rosenbrock(v: Mapping[str, Any]) -> float:
    x = [v[f"x{i}"] for i in range(4)]
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


def ackley(v: Mapping[str, Any]) -> float:
    x = [v[f"x{i}"] for i in range(6)]
    size = math.sqrt(sum(a * a for a in x) / len(x))
    waves = sum(math.cos(2 * math.pi * a) for a in x) / len(x)
    return -20 * math.exp(-0.2 * size) - math.exp(waves) + 20 + math.e


# A pipeline of five modules with six options each. Only a whole pipeline has a score: how many
# modules are right, but a module helps only if the one before it is right or the last one is.
# As in OpenEvolve's k_module_problem, no option says anything about its neighbours.
MODULES = {
    "loader": ("csv", "json", "xml", "parquet", "sql", "yaml"),
    "cleaner": ("none", "trim", "dedupe", "impute", "clip", "scale"),
    "features": ("raw", "poly", "pca", "hash", "embed", "select"),
    "model": ("linear", "tree", "forest", "boost", "svm", "net"),
    "output": ("text", "table", "plot", "html", "pdf", "mail"),
}
RIGHT = {
    "loader": "parquet", "cleaner": "dedupe", "features": "embed", "model": "boost",
    "output": "html",
}  # fmt: skip


def modules(v: Mapping[str, Any]) -> float:
    return float(len(RIGHT) - sum(v[name] == option for name, option in RIGHT.items()))


def linked_modules(v: Mapping[str, Any]) -> float:
    right = [v[name] == option for name, option in RIGHT.items()]
    found = sum(
        here and (place == 0 or right[place - 1] or right[-1]) for place, here in enumerate(right)
    )
    return float(len(RIGHT) - found)


def module_parameters(rng: random.Random) -> list[ParameterNode[Any]]:
    return [
        ParameterNode(rng.choice([o for o in options if o != RIGHT[name]]), name=name,
                      choices=options)
        for name, options in MODULES.items()
    ]  # fmt: skip


def mixed(v: Mapping[str, Any]) -> float:
    """A model chosen with its own settings: a tree with its depth, or a net with its rate."""
    kinds = {"rule": 0.5, "tree": 0.15, "net": 0.0}
    loss = kinds[v["kind"]] + (0.0 if v["scaled"] else 0.1)
    loss += 0.3 * (v["threshold"] - 0.62) ** 2 * 10
    if v["kind"] == "tree":
        loss += 0.02 * abs(v["depth"] - 7)
    if v["kind"] == "net":
        loss += 0.15 * math.log10(v["rate"] / 3e-3) ** 2 + 0.03 * abs(v["layers"] - 3)
        loss += 0.0 if v["warmup"] else 0.08
    return loss


def mixed_parameters(rng: random.Random) -> list[ParameterNode[Any]]:
    return [
        ParameterNode("rule", name="kind", choices=("rule", "tree", "net")),
        ParameterNode(False, name="scaled"),
        ParameterNode(rng.random(), name="threshold", low=0.0, high=1.0),
        ParameterNode(rng.randint(1, 20), name="depth", low=1, high=20),
        ParameterNode(10 ** rng.uniform(-6, 0), name="rate", low=1e-6, high=1.0, log=True),
        ParameterNode(rng.randint(1, 8), name="layers", low=1, high=8),
        ParameterNode(False, name="warmup"),
    ]


TASKS = [
    Task("Branin", branin, branin_parameters),
    Task("Rosenbrock-4", rosenbrock, floats([f"x{i}" for i in range(4)], -5, 10)),
    Task("Ackley-6", ackley, floats([f"x{i}" for i in range(6)], -32.768, 32.768)),
    Task("noisy Branin", branin, branin_parameters, noise=2.0),
    Task("modules 6^5", modules, module_parameters),
    Task("linked modules 6^5", linked_modules, module_parameters),
    Task(
        "mixed conditional",
        mixed,
        mixed_parameters,
        {
            "depth": {"kind": "tree"},
            "rate": {"kind": "net"},
            "layers": {"kind": "net"},
            "warmup": {"kind": "net"},
        },
    ),
]  # fmt: skip

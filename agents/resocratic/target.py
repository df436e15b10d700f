"""What an attempt aims at: how difficult the problem should be."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tracegraph.agents.resocratic.demonstration import Demonstration
from tracegraph.agents.resocratic.formal import Sense
from tracegraph.agents.resocratic.seeds import Seed

Generator = Literal["steps", "mutation"]

# What a problem may be about, besides the domains of the seeds.
_DOMAINS = (
    "a bicycle repair shop", "a zoo kitchen", "a printing house", "a vineyard", "a museum",
    "a cheese dairy", "a music festival", "a veterinary clinic", "a mountain hut", "a shipyard",
    "a flower market", "a laundry", "a recording studio", "a tea plantation", "a film archive",
    "a school canteen", "a car ferry", "a toy workshop", "a solar park", "a public library",
    "a weather station", "a tailor", "a chocolate maker", "a fish hatchery", "a ski resort",
    "an ambulance service", "a language school", "a brickyard", "a botanical garden",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """The aim of one attempt.

    Attributes:
        id: the key of the attempt.
        generator: "steps" asks a model for a new demonstration, "mutation" changes a verified one.
        kind: "linear" or "nonlinear".
        integrality: "integer", "continuous" or "mixed".
        variables, constraints: how many.
        domain: what it is about.
        seeds: the ids of the examples shown, or of the one that is changed.
    """

    id: str
    generator: Generator
    kind: Literal["linear", "nonlinear"]
    sense: Sense
    integrality: Literal["integer", "continuous", "mixed"]
    variables: int
    constraints: int
    domain: str
    seeds: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self) | {"seeds": list(self.seeds)}


@dataclass(frozen=True, slots=True)
class Aim:
    """Bounds within which targets are drawn, both ends included.

    Attributes:
        variables, constraints: how many.
        nonlinear: the share of nonlinear targets.
        mutation: the share of targets that change a verified demonstration, without a model.
    """

    variables: tuple[int, int] = (2, 3)
    constraints: tuple[int, int] = (2, 3)
    nonlinear: float = 0.2
    mutation: float = 0.3


def draw(aim: Aim, seeds: Sequence[Seed], key: str) -> Target:
    """Return the target that belongs to a key: the same each time."""
    rng = random.Random(key)
    generator: Generator = "mutation" if rng.random() < aim.mutation else "steps"
    kind: Literal["linear", "nonlinear"] = "nonlinear" if rng.random() < aim.nonlinear else "linear"
    seed = rng.choice([each for each in seeds if each.kind == kind] or list(seeds))
    if generator == "mutation":
        return of(key, seed.demonstration, generator, seed)
    return Target(
        key, generator, kind,
        rng.choice(("maximize", "maximize", "minimize")),
        rng.choice(("integer", "continuous", "integer", "mixed")),
        rng.randint(*aim.variables), rng.randint(*aim.constraints),
        rng.choice(_DOMAINS), (seed.id,),
    )  # fmt: skip


def of(key: str, demonstration: Demonstration, generator: Generator, seed: Seed) -> Target:
    """Return the target that a demonstration meets."""
    kinds = {each.kind == "continuous" for each in demonstration.variables}
    return Target(
        key,
        generator,
        "linear" if demonstration.is_linear else "nonlinear",
        demonstration.goal.sense,
        "mixed" if len(kinds) > 1 else ("continuous" if True in kinds else "integer"),
        len(demonstration.variables),
        len(demonstration.constraints),
        seed.domain,
        (seed.id,),
    )


def hit(target: Target, demonstration: Demonstration) -> float:
    """Return the share of the target's five aims that a demonstration meets, from 0 to 1."""
    kinds = {each.kind == "continuous" for each in demonstration.variables}
    mixed = "mixed" if len(kinds) > 1 else ("continuous" if True in kinds else "integer")
    met = (
        demonstration.is_linear == (target.kind == "linear"),
        demonstration.goal.sense == target.sense,
        mixed == target.integrality or target.variables == 1,
        len(demonstration.variables) == target.variables,
        len(demonstration.constraints) == target.constraints,
    )
    return sum(met) / len(met)

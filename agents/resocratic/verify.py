"""The verifier: the program runs, is optimal, is certified, and agrees with the formal lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tracegraph as tg
from tracegraph.agents.resocratic import formal, program
from tracegraph.agents.resocratic.demonstration import Demonstration
from tracegraph.agents.resocratic.formal import FormalError

if TYPE_CHECKING:
    from tracegraph.envs.solver import Certificate, SolverPool, SolverRun

_CLOSE = 1e-6  # relative


@dataclass(frozen=True, slots=True)
class Verified:
    """What the verifier found.

    Attributes:
        code: the program.
        run: its run.
        certificate: the proof of the run's optimum, where there is one.
        relaxed: the optimum without integrality, where some variable is whole.
        problems: why it is not accepted, each as (kind, sentence); empty when it is.
    """

    code: str
    run: SolverRun
    certificate: Certificate | None
    relaxed: float | None = None
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def objective(self) -> float:
        """The optimum."""
        return float(self.run.objective or 0.0)

    @property
    def values(self) -> dict[str, float]:
        """The best point that was found, by variable."""
        return {v.name: v.value for v in self.run.variables if v.value is not None}

    @property
    def hash(self) -> str:
        """The canonical hash of the model, "" where there is none."""
        return self.run.model.hash if self.run.model is not None else ""

    @property
    def why(self) -> str:
        """All problems, in sentences."""
        return "; ".join(said for _, said in self.problems)


@dataclass(frozen=True, slots=True)
class Difficulty:
    """How difficult a problem is, measured.

    Attributes:
        variables, integers, constraints: how many.
        kind: the class of the model, as "LP" or "MINLP".
        gap: how far the optimum is from that without integrality, relative; None if all is
            continuous.
        nodes: of the branch-and-bound tree.
        pass_rate: the share of blind solutions by the model that found the optimum.
    """

    variables: int
    integers: int
    constraints: int
    kind: str
    gap: float | None
    nodes: int | None
    pass_rate: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


@tg.bundle
async def execute(code: str, pool: SolverPool) -> SolverRun:
    """Run a program."""
    return await pool.run(code)


@tg.bundle
async def certified(run: SolverRun, pool: SolverPool) -> Certificate:
    """Prove the result of a run."""
    from tracegraph.envs.solver import certify

    return await certify(run, pool)


async def verify(
    code: str, demonstration: Demonstration, pool: SolverPool, *, stated: float | None = None
) -> Verified:
    """Return what running a program, and comparing it with its demonstration, shows.

    Args:
        code: the program.
        demonstration: what it should state.
        pool: where programs run.
        stated: the optimum that somebody states.
    """
    run = await execute(code, pool)
    if run.status != "optimal" or run.objective is None:
        told = run.error or f"the status is {run.status}"
        return Verified(code, run, None, problems=((run.status, told),))
    proof = await certified(run, pool)
    found: list[tuple[str, str]] = []
    if not proof.ok:
        found.append(("certificate", f"no certificate: {proof.text}"))
    if stated is not None and not close(run.objective, stated):
        found.append(("objective", f"the optimum is {run.objective}, not {stated} as stated"))
    relaxed = None
    own = program.write(demonstration)
    if own != code:
        other = await execute(own, pool)
        if other.objective is None or not close(other.objective, run.objective):
            found.append(
                ("formal", f"the formal lines have the optimum {other.objective}, the program "
                 f"{run.objective}")
            )  # fmt: skip
    else:
        found += disagreements(demonstration, values_of(run), run.objective)
    found += trivial(demonstration, values_of(run), run.objective)
    if any(each.kind != "continuous" for each in demonstration.variables):
        relaxed = (await execute(program.write(demonstration, relaxed=True), pool)).objective
    return Verified(code, run, proof, relaxed, tuple(found))


def disagreements(
    demonstration: Demonstration, values: Mapping[str, float], objective: float
) -> list[tuple[str, str]]:
    """Return where a point contradicts the formal lines, worked out without the solver."""
    found = []
    try:
        stated = formal.evaluate(demonstration.goal.expression, values)
        if not close(stated, objective, 1e-5):
            found.append(
                ("formal", f"the objective at the best point is {stated}, not {objective}")
            )
        for each in demonstration.relations:
            left, right = formal.evaluate(each.left, values), formal.evaluate(each.right, values)
            slack = {"<=": right - left, ">=": left - right, "==": -abs(left - right)}
            if slack[each.relation] < -1e-5 * max(1.0, abs(left), abs(right)):
                found.append(("formal", f"the best point breaks {each}"))
    except FormalError as error:
        found.append(("formal", str(error)))
    return found


def trivial(
    demonstration: Demonstration, values: Mapping[str, float], objective: float
) -> list[tuple[str, str]]:
    """Return why a problem teaches nothing: the best is to do nothing, or as little as allowed."""
    decided = [each for each in demonstration.variables if each.symbol in values]
    if decided and all(close(values[each.symbol], each.lower or 0.0) for each in decided):
        return [("trivial", "at the optimum every variable is at its lower bound")]
    if close(objective, 0.0):
        return [("trivial", "the optimum is 0")]
    return []


def difficulty(demonstration: Demonstration, verified: Verified) -> Difficulty:
    """Return the difficulty as far as the solver tells."""
    run, best = verified.run, verified.objective
    gap = None
    if verified.relaxed is not None:
        gap = round(abs(best - verified.relaxed) / max(1e-9, abs(best)), 6)
    return Difficulty(
        len(demonstration.variables),
        sum(each.kind != "continuous" for each in demonstration.variables),
        len(demonstration.relations),
        run.model.kind if run.model is not None else "",
        gap,
        run.nodes,
    )


def values_of(run: SolverRun) -> dict[str, float]:
    """Return the best point of a run, by variable."""
    return {each.name: each.value for each in run.variables if each.value is not None}


def close(one: float, other: float, tolerance: float = _CLOSE) -> bool:
    """Return whether two optima are the same, relative to their size."""
    return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)

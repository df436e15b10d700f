"""What came of a modelling program: plain values, whatever solver it used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tracegraph.envs.solver.form import Form

Status = Literal["optimal", "infeasible", "unbounded", "timeout", "error", "no_solve"]
Kind = Literal["continuous", "integer", "binary"]
ModelKind = Literal["LP", "MILP", "QP", "MIQP", "NLP", "MINLP"]
Sense = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the program, with its value in the solution; no bound is None.

    ``unit`` is what the program says it is, in the variable's name ("flour [kg]") or in that of
    the answer; "" where it says nothing. It is never guessed.
    """

    name: str
    value: float | None
    kind: Kind
    lower: float | None
    upper: float | None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """A variable or constraint of a model: its name, and the line that made it (0: unknown)."""

    name: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """What the program gave to the solver, in a form that other solvers read.

    Attributes:
        format: ``mps`` for linear models, ``nl`` (AMPL's) for all others.
        text: the model itself.
        kind: QP and MIQP have quadratic expressions somewhere, NLP and MINLP other ones.
        variables, constraints: in the order of the text.
        hash: of what the model says; names, order, scaling of rows, and an objective that is
            written through a variable do not change it.
    """

    format: Literal["mps", "nl"]
    text: str
    kind: ModelKind
    sense: Sense
    variables: tuple[Element, ...]
    constraints: tuple[Element, ...]
    hash: str

    def form(self) -> Form:
        """Return the model as numbers and expressions, read from the text."""
        if self.format == "mps":
            from tracegraph.envs.solver import mps

            return mps.read(self.text)
        from tracegraph.envs.solver import nl

        return nl.read(self.text)


@dataclass(frozen=True, slots=True)
class SolverRun:
    """One run of one program; when it solved several models, the last of them counts.

    Attributes:
        status: ``timeout`` also when the solver stopped at a limit, ``no_solve`` when the program
            ended well without solving anything.
        dual_bound, gap: as the solver proved them.
        nodes: of branch and bound.
        model: None when nothing was solved or no neutral form holds it; ``note`` tells why.
        error: of the program, short, with the line.
        log: the solver's.
        answer: what the program printed as its answer, numbers by name; see ``answer.py``.
        solves: how many models it solved.
        solver: which engine it used.
    """

    status: Status
    objective: float | None = None
    variables: tuple[Variable, ...] = ()
    dual_bound: float | None = None
    gap: float | None = None
    nodes: int | None = None
    model: Model | None = None
    stdout: str = ""
    error: str = ""
    log: str = ""
    seconds: float = 0.0
    answer: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    solves: int = 0
    solver: str = ""

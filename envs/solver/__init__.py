"""Optimisation modelling: run programs, capture their models, certify, diagnose, score."""

from tracegraph.envs.solver.certify import Certificate, certify
from tracegraph.envs.solver.diagnose import Diagnosis, diagnose
from tracegraph.envs.solver.form import Form
from tracegraph.envs.solver.pool import SolverPool
from tracegraph.envs.solver.run import Element, Model, SolverRun, Status, Variable

__all__ = [
    "SolverPool", "SolverRun", "Model", "Variable", "Element", "Status", "Form",
    "Certificate", "certify", "Diagnosis", "diagnose",
]  # fmt: skip

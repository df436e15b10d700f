"""Optimisation modelling: run programs, capture their models, certify, diagnose, score."""

from tracegraph.envs.solver.certify import Certificate, certify
from tracegraph.envs.solver.diagnose import Diagnosis, diagnose
from tracegraph.envs.solver.env import SolverEnv
from tracegraph.envs.solver.form import Form
from tracegraph.envs.solver.pool import SolverPool
from tracegraph.envs.solver.run import Element, Model, SolverRun, Status, Variable
from tracegraph.envs.solver.score import labelled, readings, score
from tracegraph.envs.solver.tasks import SolverTask, load, stratified

__all__ = [
    "SolverPool", "SolverRun", "Model", "Variable", "Element", "Status", "Form",
    "Certificate", "certify", "Diagnosis", "diagnose",
    "SolverEnv", "SolverTask", "load", "stratified", "score", "readings", "labelled",
]  # fmt: skip

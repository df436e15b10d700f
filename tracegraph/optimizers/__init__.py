"""OPTO: problems, optimizers, proposals.

An optimizer is given a `Step` and returns proposals; see ``docs/optimizers.md``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.optimizers.fewshot import FewShot
    from tracegraph.optimizers.opro import OPRO
    from tracegraph.optimizers.optimizer import Optimizer, Step, Trial
    from tracegraph.optimizers.optoprime import OptoPrime
    from tracegraph.optimizers.optoprime_multi import OptoPrimeMulti
    from tracegraph.optimizers.optoprime_v2 import OptoPrimeV2
    from tracegraph.optimizers.pareto import Pareto
    from tracegraph.optimizers.playbook import Playbook
    from tracegraph.optimizers.problem import Edge, Problem, Variable
    from tracegraph.optimizers.proposal import Applied, Proposal, apply, checked
    from tracegraph.optimizers.registry import make, names
    from tracegraph.optimizers.stepping import Stepping
    from tracegraph.optimizers.textgrad import TextGrad

__all__ = [
    "make", "names",
    "OptoPrime", "OptoPrimeV2", "OptoPrimeMulti", "OPRO", "TextGrad", "Pareto",
    "FewShot", "Playbook",
    "Optimizer", "Stepping", "Step", "Trial",
    "Problem", "Variable", "Edge", "Proposal", "Applied", "apply", "checked",
]  # fmt: skip

_HOMES = {
    "fewshot": ("FewShot",),
    "opro": ("OPRO",),
    "optimizer": ("Optimizer", "Step", "Trial"),
    "optoprime": ("OptoPrime",),
    "optoprime_multi": ("OptoPrimeMulti",),
    "optoprime_v2": ("OptoPrimeV2",),
    "pareto": ("Pareto",),
    "playbook": ("Playbook",),
    "problem": ("Edge", "Problem", "Variable"),
    "proposal": ("Applied", "Proposal", "apply", "checked"),
    "registry": ("make", "names"),
    "stepping": ("Stepping",),
    "textgrad": ("TextGrad",),
}


def __getattr__(name: str) -> Any:
    for home, found in _HOMES.items():
        if name in found:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

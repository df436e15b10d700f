"""Environments where agents act: notebooks, solvers, desktops, videos."""

from tracegraph.envs.protocol import (
    RETRIED,
    Env,
    EnvError,
    EvalError,
    Outcome,
    Score,
    StepResult,
)

__all__ = ["Env", "StepResult", "Score", "Outcome", "RETRIED", "EnvError", "EvalError"]

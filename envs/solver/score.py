"""Score a run against a label, by a named profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tracegraph.envs.protocol import Score
from tracegraph.envs.solver.answer import to_number
from tracegraph.envs.solver.certify import resolve
from tracegraph.envs.solver.nl4opt import whole
from tracegraph.envs.solver.pool import SolverPool
from tracegraph.envs.solver.profiles import Profile, profile_of
from tracegraph.envs.solver.run import SolverRun
from tracegraph.envs.solver.tasks import SolverTask

_CLASSES = ("infeasible", "unbounded")


def score(
    run: SolverRun,
    task: SolverTask,
    profile: str = "strict",
    *,
    readings: Mapping[str, float] | None = None,
) -> Score:
    """Return 1 or 0, with parts.

    The objective is the program's answer under the label's last name, else what its solver found.
    Values of variables are compared only by profiles that are published so (``optibench``): the
    others take any optimal point, which is what the objective and the solver's status tell.

    Parts: ``passed`` (the program ran), ``solved`` (its solver says optimal, which ``certify`` may
    refute), ``objective`` (right under the profile), ``relaxed`` and ``whole`` (the optimum without
    and with integrality is right), where ``readings`` gives these.
    """
    rule = profile_of(profile)
    parts = {"passed": float(not run.error), "solved": float(run.status == "optimal")}
    right = task.objective
    if right in _CLASSES:
        parts["objective"] = float(run.status == right)
        said = "" if run.status == right else f"The status is {run.status}, not {right}."
        return Score(parts["objective"], parts, said)
    if to_number(right) is None:
        return Score(0.0, parts, "The task has no label.")
    found = objective_of(run, task)
    met = run.status == "optimal" and found is not None and rule.close(found, right)
    parts["objective"] = float(met)
    for name, value in (readings or {}).items():
        parts[name] = float(rule.close(value, right))
    wrong = _wrong_keys(run, task, rule) if rule.all_keys else []
    if rule.relaxed:
        met = met or any(parts.get(name) == 1.0 for name in ("relaxed", "whole"))
    ok = met and not wrong
    return Score(float(ok), parts, "" if ok else _feedback(run, found, wrong))


def objective_of(run: SolverRun, task: SolverTask) -> float | None:
    """Return the objective that a run claims: its answer's, else its solver's."""
    answered = run.answer.get(task.keys[-1], run.answer.get("objective"))
    return run.objective if answered is None else answered


def _wrong_keys(run: SolverRun, task: SolverTask, rule: Profile) -> list[str]:
    if not isinstance(task.label, Mapping):
        return []
    return [
        key
        for key, right in task.label.items()
        if key not in run.answer or not rule.close(run.answer[key], str(right))
    ]


def _feedback(run: SolverRun, found: float | None, wrong: list[str]) -> str:
    if run.status != "optimal":
        return f"The status is {run.status}. {run.error}".strip()
    if wrong:
        return f"These values are missing or not the right ones: {', '.join(wrong)}."
    return (
        f"The objective {found:g} is not the right one." if found is not None else "No objective."
    )


async def readings(run: SolverRun, pool: SolverPool) -> dict[str, float]:
    """Return the optima of a linear model without (``relaxed``) and with integrality (``whole``).

    Whether things are whole is what word problems leave open most often; so both readings are
    scored, each on its own, and neither replaces what the program says.
    """
    if run.status != "optimal" or run.model is None:
        return {}
    form = run.model.form()
    if not form.is_linear:
        return {}
    costed = [n for n, cost in form.linear.items() if cost]
    # A variable that only stands for the objective counts nothing.
    apart = costed[0] if len(costed) == 1 and not form.columns[costed[0]].integer else -1
    columns = tuple(
        replace(column, integer=column.integer or n != apart)
        for n, column in enumerate(form.columns)
    )
    found = {}
    for name, reading in (
        ("relaxed", form.relaxed()), ("whole", replace(form, columns=columns)),
    ):  # fmt: skip
        told = await resolve(None, reading, pool, ["highs", "scip"])
        for solver in ("highs", "scip"):
            if told.get(solver, {}).get("status") == "optimal":
                offset = form.offset if solver == "highs" else 0.0
                found[name] = float(told[solver]["objective"]) + offset
                break
    return found


async def labelled(task: SolverTask, pool: SolverPool) -> SolverTask:
    """Return a task with the optimum, or the status, of its own model where it has no label.

    The model is read with every variable whole; the profile ``nl4opt`` takes the other reading
    of a program as well.
    """
    if task.label or task.form is None:
        return task
    told = (await resolve(None, whole(task.form), pool, ["scip"]))["scip"]
    if told["status"] in _CLASSES:
        return replace(task, label=told["status"])
    return replace(task, label=float(told["objective"])) if "objective" in told else task

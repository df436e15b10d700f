"""The score of a task: its evaluators over the state of the desktop."""

from __future__ import annotations

from tracegraph.envs.desktop.actions import Action, Fail
from tracegraph.envs.desktop.protocol import Desktop
from tracegraph.envs.desktop.tasks import getters
from tracegraph.envs.desktop.tasks.evaluators import Spoiled, Verdict, known, load
from tracegraph.envs.desktop.tasks.schema import Evaluator, GuiTask, TaskError, filled
from tracegraph.envs.desktop.tasks.setup import run_steps, unknown_steps
from tracegraph.envs.protocol import EnvError, EvalError, Score


def unsupported(task: GuiTask) -> list[str]:
    """Return what a task asks for that is not here, a text each; none when it can be run.

    Such a task is named and never scored.
    """
    found = unknown_steps(task.config)
    if task.evaluator is None or task.infeasible:
        return found
    found += unknown_steps(task.evaluator.postconfig)
    for name, result, expected, _ in task.evaluator.parts:
        if not known(name):
            found.append(f"evaluator {name}")
        found += getters.unknown(result) + getters.unknown(expected)
    return sorted(set(found))


async def evaluate(
    task: GuiTask, desktop: Desktop, last: Action | None, *, size: tuple[int, int]
) -> Score:
    """Return the score of a desktop after an agent's last action.

    An infeasible task is done when the agent says that it cannot be done; another one is not
    done then, whatever the desktop looks like. Several functions are joined as OSWorld does:
    "and" is their mean with 0 as soon as one is 0, "or" the best of them.

    Raises:
        EvalError: a fault of the task or of the machine, never of the agent.
    """
    if task.evaluator is None:
        raise TaskError(f"{task.id} has no evaluator, so it has no score")
    failed = isinstance(last, Fail)
    if task.infeasible:
        why = "" if failed else "the task cannot be done, and the agent did not say so"
        return Score(float(failed), {"infeasible": float(failed)}, why)
    if failed:
        return Score(0.0, {}, "the agent gave up; the task can be done")
    try:
        await run_steps(task.evaluator.postconfig, desktop, size=size, lenient=True)
        verdicts = await _verdicts(task.id, task.evaluator, desktop, size)
    except EnvError as error:
        raise EvalError(f"{task.id}: {error}") from error
    values = [verdict.value for _, verdict in verdicts]
    if task.evaluator.conj == "or":
        value = max(values)
    else:
        value = 0.0 if 0.0 in values else sum(values) / len(values)
    why = "" if value >= 1 else "; ".join(v.why for _, v in verdicts if v.why)
    parts = {f"{name}/{n}": v.value for n, (name, v) in enumerate(verdicts)}
    return Score(value, parts, why)


async def _verdicts(
    task: str, evaluator: Evaluator, desktop: Desktop, size: tuple[int, int]
) -> list[tuple[str, Verdict]]:
    found: list[tuple[str, Verdict]] = []
    for name, result, expected, options in evaluator.parts:
        function = load(name)
        wanted = filled(expected, width=size[0], height=size[1])
        arguments = [await getters.get(desktop, wanted)] if wanted else []
        try:
            held = await getters.get(desktop, filled(result, width=size[0], height=size[1]))
            verdict = function(held, *arguments, **options)
        except FileNotFoundError as error:
            verdict = Verdict(0.0, f"there is no file {error.filename or error}")
        except Spoiled as error:
            verdict = Verdict(0.0, str(error))
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            raise EvalError(f"{task}: {name} failed: {error!r}") from error
        found.append((name, verdict))
    return found

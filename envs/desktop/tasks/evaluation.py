"""The score of a task: its evaluators over the state of the desktop."""

from __future__ import annotations

import asyncio

from tracegraph.envs.desktop.actions import Action, Fail
from tracegraph.envs.desktop.osworld.package import HOW_TO, find_package
from tracegraph.envs.desktop.protocol import Desktop
from tracegraph.envs.desktop.tasks import getters
from tracegraph.envs.desktop.tasks.evaluators import Spoiled, Verdict, load, native
from tracegraph.envs.desktop.tasks.scene import Scene
from tracegraph.envs.desktop.tasks.schema import Evaluator, GuiTask, Part, TaskError, filled
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
    for part in task.evaluator.parts:
        for getter in part.getters:
            found += getters.out_of_reach(getter)
        if foreign := _foreign(part):
            package = find_package()
            if package is None:
                found += [f"{one} ({HOW_TO})" for one in foreign]
            else:
                found += package.lacks(part.func, [str(one.get("type")) for one in part.getters])
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
    scene = Scene(desktop)
    try:
        await run_steps(
            task.evaluator.postconfig, desktop, size=size, lenient=True, kept=scene.kept
        )
        verdicts = await _verdicts(task.id, task.evaluator, scene, size)
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
    task: str, evaluator: Evaluator, scene: Scene, size: tuple[int, int]
) -> list[tuple[str, Verdict]]:
    found: list[tuple[str, Verdict]] = []
    for asked in evaluator.parts:
        result, expected = (
            filled(one, width=size[0], height=size[1]) for one in (asked.result, asked.expected)
        )
        part = Part(asked.func, result, expected, asked.options)
        try:
            if _foreign(part):
                verdict = await _of_package(part, scene, size)
            else:
                verdict = await _native(part, scene)
        except FileNotFoundError as error:
            verdict = Verdict(0.0, f"there is no file {error.filename or error}")
        except Spoiled as error:
            verdict = Verdict(0.0, str(error))
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            raise EvalError(f"{task}: {part.func} failed: {error!r}") from error
        found.append((part.func, verdict))
    return found


async def _native(part: Part, scene: Scene) -> Verdict:
    function = load(part.func)
    arguments = [await getters.get(scene, part.expected)] if part.expected else []
    held = await getters.get(scene, part.result) if part.result else None
    options = {name: value for name, value in part.options.items() if name[:1] != "_"}
    # Reading large files takes a while, in which other episodes go on.
    return await asyncio.to_thread(function, held, *arguments, **options)


def _foreign(part: Part) -> list[str]:
    """Return what of a part is not here, a text each; none when it is scored here."""
    found = [] if native(part.func, part.options) else [f"evaluator {part.func}"]
    return found + [f"getter {one.get('type')}" for one in part.getters if not getters.known(one)]


async def _of_package(part: Part, scene: Scene, size: tuple[int, int]) -> Verdict:
    from tracegraph.envs.desktop.osworld.judge import judge  # with a web server

    package = find_package()
    if package is None:
        raise EvalError(f"{part.func} is unsupported: {HOW_TO}")
    return await judge(package, part, scene.desktop, size=size, kept=scene.kept)

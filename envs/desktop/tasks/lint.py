"""Whether tasks are sound: nothing done scores 0, the oracle scores 1, and both do so again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from tracegraph.envs.desktop.actions import Action, Done, Fail, from_record, kind_of
from tracegraph.envs.desktop.protocol import Desktop
from tracegraph.envs.desktop.tasks.evaluation import evaluate, unsupported
from tracegraph.envs.desktop.tasks.schema import GuiTask
from tracegraph.envs.desktop.tasks.setup import run_steps
from tracegraph.envs.protocol import EnvError, EvalError
from tracegraph.errors import TracegraphError

# Gives a fresh desktop, and takes it back.
Lease = Callable[[], AbstractAsyncContextManager[Desktop]]


@dataclass(slots=True)
class Finding:
    """What the lint found of a task.

    Attributes:
        task: its id.
        nothing, oracle: the scores without any action, and of the oracle.
        problem: what is wrong with the task; "" when it is sound.
        seconds: of one oracle run, preparation included.
    """

    task: str
    nothing: list[float] = field(default_factory=list)
    oracle: list[float] = field(default_factory=list)
    problem: str = ""
    seconds: float = 0.0


async def lint_tasks(
    tasks: Iterable[GuiTask],
    lease: Lease,
    *,
    concurrency: int = 2,
    times: int = 2,
    tell: Callable[[Finding], None] | None = None,
) -> list[Finding]:
    """Return a finding a task, in their order; each run has a desktop of its own."""
    listed = list(tasks)
    found: dict[int, Finding] = {}
    queue = iter(enumerate(listed))

    async def worker() -> None:
        for number, task in queue:
            found[number] = await _lint(task, lease, times)
            if tell is not None:
                tell(found[number])

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
    return [found[number] for number in range(len(listed))]


async def _lint(task: GuiTask, lease: Lease, times: int) -> Finding:
    finding = Finding(task.id)
    if missing := unsupported(task):
        finding.problem = f"unsupported: {', '.join(missing)}"
        return finding
    if not task.x_tracegraph.oracle:
        finding.problem = "it has no oracle"
        return finding
    try:
        for _ in range(times):
            finding.nothing.append((await _score(task, lease, solve=False))[0])
        for _ in range(times):
            started = time.monotonic()
            score, why = await _score(task, lease, solve=True)
            finding.seconds = time.monotonic() - started
            finding.oracle.append(score)
            finding.problem = finding.problem or ("" if score >= 1 else f"the oracle: {why}")
    except (EnvError, EvalError, TracegraphError) as error:
        finding.problem = str(error)
        return finding
    if any(finding.nothing):
        finding.problem = "doing nothing scores"
    return finding


async def _score(task: GuiTask, lease: Lease, *, solve: bool) -> tuple[float, str]:
    async with lease() as desktop:
        frame = await desktop.observe()
        size = frame.width, frame.height
        await run_steps(task.config, desktop, size=size)
        last: Action | None = Done()
        if solve:
            await run_steps(task.x_tracegraph.oracle, desktop, size=size)
            final = task.x_tracegraph.oracle[-1]
            if final.type == "act" and kind_of(action := from_record(final.parameters)) == "fail":
                assert isinstance(action, Fail)
                last = action
        score = await evaluate(task, desktop, last, size=size)
        return score.value, score.feedback

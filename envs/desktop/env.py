"""DesktopEnv: a desktop with a task, as agents see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tracegraph.envs.desktop.actions import Action, CallUser, Done, Fail, to_record
from tracegraph.envs.desktop.protocol import ActionError, Desktop, Frame
from tracegraph.envs.desktop.tasks import GuiTask, TaskError, evaluate, run_steps, unsupported
from tracegraph.envs.protocol import EnvError, EvalError, Score, StepResult


@dataclass(frozen=True, slots=True)
class Rules:
    """What an episode at a desktop is bound to.

    Attributes:
        steps: how many at most; None is what the task says.
        tree: whether frames carry the accessibility tree.
        published: count running out of steps, and asking a person, as "cannot be done", as
            OSWorld's UI-TARS agent does. That is right about every infeasible task for no
            reason, so it is off by default.
    """

    steps: int | None = None
    tree: bool = False
    published: bool = False


class DesktopEnv:
    """An environment on a desktop that is fresh when it is handed over; use it for one episode.

    The desktop belongs to the caller: ``close`` leaves it to him.
    """

    def __init__(self, desktop: Desktop, rules: Rules | None = None) -> None:
        self.desktop = desktop
        self.rules = rules or Rules()
        self._task: GuiTask | None = None
        self._last: Action | None = None
        self._size = (0, 0)
        self._count = 0

    @property
    def most(self) -> int:
        """How many steps the task may take."""
        return self.rules.steps or self._begun().x_tracegraph.steps

    async def reset(self, task: GuiTask, seed: int = 0) -> Frame:
        """Prepare the desktop for a task and return what is on the screen.

        Raises:
            EnvError: the desktop could not be prepared.
            TaskError: the task asks for something that is not supported.
        """
        if missing := unsupported(task):
            raise TaskError(f"{task.id} is unsupported: {', '.join(missing)}")
        first = await self.desktop.observe()
        self._task, self._last, self._count = task, None, 0
        self._size = first.width, first.height
        await run_steps(task.config, self.desktop, size=self._size)
        return await self._frame()

    async def step(self, action: Action, *, more: bool = False) -> StepResult[Frame]:
        """Carry out an action; one that the desktop refuses changes nothing and is told so.

        ``more`` says that another action of the same step follows: a step counts once.
        """
        self._begun()
        self._count += not more
        if isinstance(action, CallUser) and self.rules.published:
            action = Fail(action.question)
        self._last = action
        info: dict[str, Any] = {"action": to_record(action)}
        try:
            await self.desktop.act(action)
        except ActionError as error:
            info["refused"] = str(error)
        ended = isinstance(action, Done | Fail | CallUser)
        if not ended and self._count >= self.most:
            info["limit"] = self._count
            ended = True
            if self.rules.published:
                self._last = Fail("out of steps")
        return StepResult(await self._frame(), ended, info)

    async def evaluate(self) -> Score:
        """Return the score of the desktop as it is.

        Raises:
            EvalError: the score could not be worked out.
        """
        task = self._begun()
        try:
            return await evaluate(task, self.desktop, self._last, size=self._size)
        except EvalError:
            raise
        except EnvError as error:
            raise EvalError(f"{task.id}: {error}") from error

    async def close(self) -> None:
        """Forget the task."""
        self._task = None

    async def _frame(self) -> Frame:
        return await self.desktop.observe(tree=self.rules.tree)

    def _begun(self) -> GuiTask:
        if self._task is None:
            raise EnvError("the environment has no task; reset() it first")
        return self._task

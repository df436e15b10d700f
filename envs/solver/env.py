"""SolverEnv: a word problem is the task, a program the action, its run the observation."""

from __future__ import annotations

from tracegraph.envs.protocol import EnvError, Score, StepResult
from tracegraph.envs.solver.diagnose import diagnose
from tracegraph.envs.solver.pool import SolverPool
from tracegraph.envs.solver.run import SolverRun
from tracegraph.envs.solver.score import readings, score
from tracegraph.envs.solver.tasks import SolverTask


class SolverEnv:
    """Runs the programs of one episode and scores the last of them.

    Args:
        pool: where programs run; open, and shared by as many environments as one likes.
        profile: the rule that scores; see ``profiles.py``.
        programs: how many programs an episode may try.
    """

    def __init__(self, pool: SolverPool, *, profile: str = "strict", programs: int = 1) -> None:
        self._pool = pool
        self._profile = profile
        self._programs = programs
        self._task: SolverTask | None = None
        self._tried = 0
        self._run = SolverRun("no_solve")

    async def reset(self, task: SolverTask, seed: int = 0) -> SolverRun:
        """Begin a task; the first observation is an empty run, with the question as its note."""
        self._task, self._tried = task, 0
        self._run = SolverRun("no_solve", note=task.question)
        return self._run

    async def step(self, action: str) -> StepResult[SolverRun]:
        """Run a program. ``info`` holds the diagnosis, made without knowing the label."""
        if self._task is None:
            raise EnvError("the solver environment has no task; call reset() first")
        self._tried += 1
        self._run = await self._pool.run(action)
        found = await diagnose(self._run, action, self._task.question, pool=self._pool)
        told = {"diagnosis": found.text, "kinds": list(found.kinds)}
        return StepResult(self._run, self._tried >= self._programs, told)

    async def evaluate(self) -> Score:
        """Return the score of the last program."""
        if self._task is None:
            raise EnvError("the solver environment has no task; call reset() first")
        apart = await readings(self._run, self._pool)
        return score(self._run, self._task, self._profile, readings=apart)

    async def close(self) -> None:
        """End the episode; the pool stays open."""
        self._task = None

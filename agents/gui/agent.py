"""The agent: a brain at a desktop; tasks in, episodes out."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tracegraph as tg
from tracegraph import runs
from tracegraph.agents.episode import Episode, Turn, note_tokenizer
from tracegraph.agents.gui import memory
from tracegraph.agents.gui.arpo.rewards import CODE_WEIGHT, reward
from tracegraph.agents.gui.brain import Brain, Decision, Moment
from tracegraph.agents.gui.people import Approve, Ask, danger
from tracegraph.agents.recorded import recorded
from tracegraph.envs.desktop.actions import Action, CallUser, Done, to_record
from tracegraph.envs.desktop.env import DesktopEnv, Rules
from tracegraph.envs.desktop.protocol import Desktop, Frame

if TYPE_CHECKING:
    from tracegraph.agents.protocol import OnEvent
    from tracegraph.envs.desktop.tasks import GuiTask

# Gives a fresh desktop, and takes it back.
Lease = Callable[[], AbstractAsyncContextManager[Desktop]]


@dataclass(frozen=True, slots=True)
class Habits:
    """How the agent goes about it.

    Attributes:
        unreadable: answers in a row that cannot be read, after which it ends; 1 as in ARPO.
        format_weight: of the format reward, which is -1 when an episode ended on an answer that
            cannot be read: 0.5 as ARPO's code has it, 1.0 as its paper.
        frames: a folder for a picture of every step; None keeps none.
    """

    unreadable: int = 3
    format_weight: float = CODE_WEIGHT
    frames: Path | None = None


class GuiAgent:
    """Works at a desktop, each attempt on a fresh one.

        async with DesktopPool(LocalXvfb, 2) as pool:
            agent = GuiAgent(TextBrain(LLM("local")), pool.lease)
            episode = await agent.run(make_task("editor/append_line", 0))

    Args:
        brain: decides.
        lease: gives desktops.
        rules: of the environment; whether it reads the tree is the brain's matter.
        habits: see there.
        ask: answers the agent's questions; None when no person is there.
        approve: asked before dangerous actions; None carries them out: the desktop is a sandbox.
    """

    name = "gui"

    def __init__(
        self,
        brain: Brain,
        lease: Lease,
        *,
        rules: Rules | None = None,
        habits: Habits | None = None,
        ask: Ask | None = None,
        approve: Approve | None = None,
    ) -> None:
        self.brain = brain
        self.lease = lease
        self.rules = replace(rules or Rules(), tree=brain.tree)
        self.habits = habits or Habits()
        self.ask = ask
        self.approve = approve

    async def run(
        self, task: GuiTask, *, seed: int = 0, on_event: OnEvent | None = None
    ) -> Episode:
        """Work on a task to its end.

        ``on_event`` is told "start", "step" (thought, what is done, picture), "refused",
        "unreadable" and "score".

        Raises:
            EnvError, EvalError: the desktop or the evaluation broke.
            TaskError: the task is not supported.
            BudgetExceeded: the budget is used up.
            RequestError: the model cannot be reached.
        """
        tell = on_event or (lambda kind, told: None)
        episode = Episode(self.name, "desktop", task.id, seed=seed)
        episode.policy = self.brain.policy
        async with self.lease() as desktop:
            env = DesktopEnv(desktop, self.rules)
            try:
                frame = await env.reset(task, seed)
                tell("start", {"task": task.id, "instruction": task.instruction})
                with recorded():
                    attempt = _Attempt(self, env, task, episode, tell)
                    ended = await attempt.run(frame)
                    episode.extra["course"] = course(attempt.answers, attempt.steps, ended)
                await self._conclude(env, task, episode, ended, tell)
            finally:
                await env.close()
        if self.brain.llm is not None:
            await note_tokenizer(episode, self.brain.llm)
        episode.finished = time.time()
        return episode

    async def _conclude(
        self, env: DesktopEnv, task: GuiTask, episode: Episode, ended: str, tell: OnEvent
    ) -> None:
        episode.extra["instruction"] = task.instruction
        unreadable = ended == "unreadable"
        if task.evaluator is None:
            episode.outcome = "success" if ended == "done" else "failure"
        else:
            episode.judge(await env.evaluate())
        episode.rewards["format"] = -1.0 if unreadable else 0.0
        if episode.reward is not None:
            episode.rewards["evaluation"] = episode.reward
            episode.reward = reward(
                episode.reward, readable=not unreadable, weight=self.habits.format_weight
            )
        if episode.outcome != "success":
            if unreadable:
                episode.outcome = "format_error"
            elif ended == "limit":
                episode.outcome = "budget"
                episode.feedback = f"It ran out of steps. {episode.feedback}".strip()
        tell("score", {"outcome": episode.outcome, "reward": episode.reward,
                       "feedback": episode.feedback})  # fmt: skip


class _Attempt:
    """One episode while it runs."""

    def __init__(
        self, agent: GuiAgent, env: DesktopEnv, task: GuiTask, episode: Episode, tell: OnEvent
    ) -> None:
        self._agent = agent
        self._env = env
        self._task = task
        self._episode = episode
        self._tell = tell
        self._past: list[Moment] = []

    @property
    def answers(self) -> list[Any]:
        """What the model answered, step by step."""
        return [moment.decision.answer for moment in self._past]

    @property
    def steps(self) -> list[str]:
        """What was done, step by step, and what became of it."""
        return memory.recall(self._past, tokens=2000).splitlines()

    async def run(self, frame: Frame) -> str:
        """Return how it ended: "done", "fail", "limit" or "unreadable"."""
        unreadable = 0
        self._episode.extra["start"] = await _kept(frame)
        while len(self._past) < self._env.most:
            decision = await self._agent.brain.decide(
                self._task.instruction, frame, self._past, seed=self._episode.seed + len(self._past)
            )
            moment = Moment(frame, decision)
            turn = decision.turn or Turn()
            self._episode.cost += decision.cost
            self._episode.turns.append(turn)
            turn.action = [to_record(action) for action in decision.actions]
            self._tell("step", await self._shown(frame, decision))
            self._past.append(moment)
            if not decision.actions:
                unreadable += 1
                turn.notes["unreadable"] = 1
                self._tell("unreadable", {"problem": decision.problem})
                if unreadable >= self._agent.habits.unreadable:
                    return "unreadable"
                continue
            unreadable = 0
            started = time.monotonic()
            frame, ended = await self._carry_out(decision, moment, turn)
            turn.seconds += time.monotonic() - started
            turn.observation = {**await _kept(frame), "told": moment.told}
            if ended:
                return ended
        return "limit"

    async def _carry_out(self, decision: Decision, moment: Moment, turn: Turn) -> tuple[Frame, str]:
        frame = moment.frame
        for number, action in enumerate(decision.actions, 1):
            if refused := await self._refused(action):
                moment.told, turn.notes["refused"] = refused, 1
                self._tell("refused", {"action": str(action), "why": refused})
                break
            if isinstance(action, CallUser) and not self._env.rules.published:
                moment.told = await self._asked(action)
                break
            result = await self._env.step(action, more=number < len(decision.actions))
            frame = result.observation
            if why := result.info.get("refused"):
                moment.told, turn.notes["impossible"] = str(why), 1
                break
            if result.done and "limit" in result.info:
                return frame, "limit"
            if result.done:
                if isinstance(action, Done):
                    self._episode.answer = action.answer
                return frame, "done" if isinstance(action, Done) else "fail"
        return frame, ""

    async def _refused(self, action: Action) -> str:
        approve, why = self._agent.approve, danger(action)
        if approve is None or not why or await approve(action, why):
            return ""
        return f"a person did not allow it, because {why}"

    async def _asked(self, action: CallUser) -> str:
        if self._agent.ask is None:
            return "no person is there; go on alone"
        said = await self._agent.ask(action.question)
        return f"the person said: {said}" if said else "the person said nothing"

    async def _shown(self, frame: Frame, decision: Decision) -> dict[str, Any]:
        told: dict[str, Any] = {
            "number": len(self._past) + 1, "thought": decision.thought, "said": decision.said,
        }  # fmt: skip
        folder = self._agent.habits.frames
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"step-{told['number']:03d}.png"
            path.write_bytes(frame.png)
            self._episode.files["frames"] = str(folder)
            told["picture"] = str(path)
        return told


@tg.bundle
def course(answers: list[Any], steps: list[str], ended: str) -> dict[str, Any]:
    """The course of an episode: what all the answers led to, and how it ended."""
    return {"steps": steps, "ended": ended}


async def _kept(frame: Frame) -> dict[str, str]:
    """Keep a picture in the store of the surrounding run, if any; return what refers to it."""
    scope = runs.current()
    if scope is not None:
        await runs.add_blob(scope.store, frame.png, "image/png")
    return {"blob": runs.blob_hash(frame.png)}

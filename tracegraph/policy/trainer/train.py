"""The loop: play, judge, update, look, save; the same again after a kill."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from tracegraph.agents.groups import Group as Attempts
from tracegraph.agents.replay import ReplayBuffer
from tracegraph.errors import TracegraphError
from tracegraph.policy.dynamic import Filled, fill
from tracegraph.policy.trainer.checkpoint import REPLAY, checkpoints, keep_best, restore, save
from tracegraph.policy.trainer.episodes import Stage, replayed, rows
from tracegraph.policy.trainer.log import Log
from tracegraph.policy.trainer.model import Learner
from tracegraph.policy.trainer.sampler import Draw, make_sampler
from tracegraph.policy.trainer.settings import Settings
from tracegraph.policy.trainer.tasks import Problem, Task
from tracegraph.policy.trainer.update import update

__all__ = ["train", "Trained", "accuracy", "held_out"]

OnStep = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training went.

    Attributes:
        steps: that were made.
        stopped: why it ended: "steps", "enough" or "patience".
        before, after: greedy accuracy on the held-out problems, which nothing else looked at.
        adapter: the folder of the checkpoint that was best on the check problems.
    """

    steps: int
    stopped: str
    before: float
    after: float
    adapter: Path


def train(
    learner: Learner,
    task: Task,
    settings: Settings,
    out: Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> Trained:
    """Train an adapter on a task.

    Everything random comes from the seed and the number of the step, so a training that was
    killed goes on from its last checkpoint; sampled in process, to the same weights. ``out``
    holds the log (``log.jsonl``), checkpoints, and the best adapter (``best``).

    Args:
        learner: a model with a fresh adapter.
        task: what to learn.
        settings: how.
        out: the folder of the training.
        resume: go on with what is there; else the folder must be new.
        on_step: told "step" and "evaluation", with what was measured.

    Raises:
        TracegraphError: the folder is used, or holds a training with other settings.
    """
    out.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.AdamW(learner.weights, lr=settings.rate, weight_decay=0.0)
    state = _begin(learner, optimizer, settings, task, out, resume)
    with asyncio.Runner() as runner:
        sampler = make_sampler(learner, settings, out)
        opened = task.open(learner.codec)
        play = runner.run(opened.__aenter__())
        try:
            stage = Stage(play, sampler, task.together)
            training = _Training(learner, task, settings, out, optimizer, state, runner, stage)
            return training.run(on_step or (lambda kind, told: None))
        finally:
            runner.run(opened.__aexit__(None, None, None))
            runner.run(sampler.close())


def held_out(
    learner: Learner, task: Task, settings: Settings, adapter: Path, scratch: Path
) -> tuple[float, float]:
    """Return the greedy accuracy on held-out problems without an adapter, and with it.

    Args:
        learner: a model with a fresh adapter, which changes nothing yet.
        task: whose problems.
        settings: which sampler answers.
        adapter: the folder of a checkpoint, such as ``best`` of a training.
        scratch: for the adapter as servers read it.
    """
    optimizer = torch.optim.AdamW(learner.weights)
    with asyncio.Runner() as runner:
        sampler = make_sampler(learner, settings, scratch)
        opened = task.open(learner.codec)
        stage = Stage(runner.run(opened.__aenter__()), sampler, task.together)
        try:
            before = accuracy(runner, stage, task, task.held_out)
            restore(adapter, learner, optimizer)
            runner.run(sampler.follow(0))
            return before, accuracy(runner, stage, task, task.held_out)
        finally:
            runner.run(opened.__aexit__(None, None, None))
            runner.run(sampler.close())


@dataclass(slots=True)
class _Training:
    learner: Learner
    task: Task
    settings: Settings
    out: Path
    optimizer: Any
    state: dict[str, Any]
    runner: asyncio.Runner
    stage: Stage

    def run(self, tell: OnStep) -> Trained:
        state, settings = self.state, self.settings
        log = Log(self.out / "log.jsonl", keep=state["step"], steps=settings.steps)
        buffer = self._buffer()
        self._follow(state["step"])
        if state["step"] == 0:
            state["before"] = self._accuracy(self.task.held_out)
            state["best"] = self._accuracy(self.task.check)
            first = {"step": 0, "check": state["best"], "held_out": state["before"]}
            log.write("evaluation", first)
            tell("evaluation", first)
            keep_best(save(self.out, self.learner, self.optimizer, state, buffer), self.out)
        while not state["stopped"]:
            step = state["step"] = state["step"] + 1
            told = self._step(step, buffer)
            log.write("step", told)
            tell("step", told)
            if step % settings.every == 0 or step == settings.steps:
                found = {"step": step, "check": self._accuracy(self.task.check)}
                better = _judged(state, settings, found["check"])
                log.write("evaluation", found)
                tell("evaluation", found)
                made = save(self.out, self.learner, self.optimizer, state, buffer)
                if better:
                    keep_best(made, self.out)
        restore(self.out / "best", self.learner, self.optimizer)
        self._follow(state["step"] + 1)
        after = self._accuracy(self.task.held_out)
        final = {"step": state["step"], "held_out": after, "stopped": state["stopped"]}
        log.write("end", final)
        tell("end", final)
        return Trained(state["step"], state["stopped"], state["before"], after, self.out / "best")

    def _step(self, step: int, buffer: ReplayBuffer | None) -> dict[str, Any]:
        settings = self.settings
        started = time.perf_counter()
        drawn = _drawn(self.runner, self.stage, self.task, settings, step)
        sampled = time.perf_counter() - started
        groups = replayed(drawn.groups, buffer, f"{settings.seed} {step} replay")
        batch = [rows(group) for group in groups]
        measured = update(
            self.learner.model, self.optimizer, batch, settings, settings.rate_at(step)
        )
        self._follow(step)
        return {
            "step": step, **measured, **_fresh(drawn.groups, drawn.drawn * settings.samples),
            "drawn": drawn.drawn, "kept": len(buffer) if buffer is not None else 0,
            "sampling_seconds": round(sampled, 3),
            "seconds": round(time.perf_counter() - started, 3),
        }  # fmt: skip

    def _buffer(self) -> ReplayBuffer | None:
        if self.settings.replay == "off":
            return None
        found = checkpoints(self.out)
        return ReplayBuffer.load(found[-1] / REPLAY) if found else ReplayBuffer()

    def _accuracy(self, problems: Sequence[Problem]) -> float:
        return accuracy(self.runner, self.stage, self.task, problems)

    def _follow(self, step: int) -> None:
        self.runner.run(self.stage.sampler.follow(step))


def _drawn(
    runner: asyncio.Runner, stage: Stage, task: Task, settings: Settings, step: int
) -> Filled[Attempts]:
    """Return the groups of a step; more are drawn while too few vary, and the last round stays."""
    order = random.Random(f"{settings.seed} {step}")
    every: list[Attempts] = []

    def some(count: int) -> list[Attempts]:
        problems = order.choices(task.train, k=count)
        draw = Draw(task.tokens, settings.temperature, order.getrandbits(62))
        groups = runner.run(stage.groups(problems, settings.samples, draw))
        every.extend(group for group in groups if group.episodes)
        return groups

    filled = fill(some, lambda group: group.rewards, settings.problems, settings.rounds)
    # The measured reward is that of everything that was drawn, so nothing is left out.
    return replace(filled, groups=every)


def _fresh(groups: Sequence[Attempts], expected: int) -> dict[str, float]:
    """Return what the fresh episodes tell, before any is replaced by an earlier one."""
    rewards = [reward for group in groups for reward in group.rewards]
    return {
        "reward": sum(rewards) / max(1, len(rewards)),
        "zero_variance": sum(len(set(group.rewards)) < 2 for group in groups),
        "all_failed": sum(not any(group.rewards) for group in groups),
        "turns": sum(len(e.turns) for g in groups for e in g.episodes) / max(1, len(rewards)),
        "env_errors": expected - len(rewards),
    }


def accuracy(
    runner: asyncio.Runner, stage: Stage, task: Task, problems: Sequence[Problem]
) -> float:
    """Return the mean reward of greedy episodes.

    Raises:
        TracegraphError: every environment broke.
    """
    groups = runner.run(stage.groups(problems, 1, Draw(task.tokens, 0.0)))
    worth = [reward for group in groups for reward in group.rewards]
    if not worth:
        raise TracegraphError(f"no episode of {task.name} could be played: its environment broke")
    return sum(worth) / len(worth)


def _begin(
    learner: Learner, optimizer: Any, settings: Settings, task: Task, out: Path, resume: bool
) -> dict[str, Any]:
    plan = {"task": task.name, **settings.to_json()}
    path = out / "settings.json"
    if path.exists():
        if not resume:
            raise TracegraphError(f"{out} holds a training: go on with --resume, or name another")
        # What a setting did not say when it was written was as it is by default.
        known = {**Settings().to_json(), **json.loads(path.read_text())}
        if changed := [n for n in plan if known.get(n) != plan[n] and n != "steps"]:
            raise TracegraphError(f"{out} was begun with other settings: {', '.join(changed)}")
    path.write_text(json.dumps(plan, indent=1) + "\n")
    fresh: dict[str, Any] = {"step": 0, "best": 0.0, "stale": 0, "before": 0.0, "stopped": ""}
    found = checkpoints(out)
    state = restore(found[-1], learner, optimizer) if found else fresh
    if state["stopped"] == "steps" and state["step"] < settings.steps:
        state["stopped"] = ""  # resumed with more steps
    return state


def _judged(state: dict[str, Any], settings: Settings, found: float) -> bool:
    """Note an accuracy on the check problems, decide whether to stop; return whether it is best."""
    better: bool = found > state["best"]
    state["stale"] = 0 if better else state["stale"] + 1
    state["best"] = max(found, state["best"])
    if found >= settings.enough:
        state["stopped"] = "enough"
    elif state["stale"] >= settings.patience:
        state["stopped"] = "patience"
    elif state["step"] >= settings.steps:
        state["stopped"] = "steps"
    return better

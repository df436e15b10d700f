"""The loop: sample, judge, update, look, save; the same again after a kill."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from tracegraph.errors import TracegraphError
from tracegraph.policy.dynamic import Filled, fill
from tracegraph.policy.trainer.checkpoint import checkpoints, restore, save
from tracegraph.policy.trainer.log import Log
from tracegraph.policy.trainer.model import Learner
from tracegraph.policy.trainer.sample import sample
from tracegraph.policy.trainer.settings import Settings
from tracegraph.policy.trainer.tasks import Problem, Task
from tracegraph.policy.trainer.update import Group, update

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
    killed goes on from its last checkpoint to the same weights. ``out`` holds the log
    (``log.jsonl``), checkpoints, and the best adapter (``best``).

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
    tell = on_step or (lambda kind, told: None)
    out.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.AdamW(learner.weights, lr=settings.rate, weight_decay=0.0)
    state = _begin(learner, optimizer, settings, task, out, resume)
    log = Log(out / "log.jsonl", keep=state["step"])
    if state["step"] == 0:
        state["before"] = accuracy(learner, task, task.held_out)
        state["best"] = accuracy(learner, task, task.check)
        first = {"step": 0, "check": state["best"], "held_out": state["before"]}
        log.write("evaluation", first)
        tell("evaluation", first)
        _keep_best(save(out, learner, optimizer, state), out)
    while not state["stopped"]:
        step = state["step"] = state["step"] + 1
        started = time.perf_counter()
        drawn = draw(learner, task, settings, step)
        measured = update(learner.model, optimizer, drawn.groups, settings, settings.rate_at(step))
        told = {"step": step, **measured, "drawn": drawn.drawn}
        told["seconds"] = round(time.perf_counter() - started, 3)
        log.write("step", told)
        tell("step", told)
        if step % settings.every == 0 or step == settings.steps:
            _look(learner, task, settings, state, log, tell)
            made = save(out, learner, optimizer, state)
            if state["stale"] == 0:
                _keep_best(made, out)
    restore(out / "best", learner, optimizer)
    after = accuracy(learner, task, task.held_out)
    final = {"step": state["step"], "held_out": after, "stopped": state["stopped"]}
    log.write("end", final)
    tell("end", final)
    return Trained(state["step"], state["stopped"], state["before"], after, out / "best")


def draw(learner: Learner, task: Task, settings: Settings, step: int) -> Filled[Group]:
    """Return the groups of a step; more are drawn while too few vary, and the last round stays."""
    order = random.Random(f"{settings.seed} {step}")
    generator = torch.Generator().manual_seed(order.getrandbits(62))
    every: list[Group] = []

    def some(count: int) -> list[Group]:
        problems = order.choices(task.train, k=count)
        groups = sampled(learner, task, problems, settings, generator)
        every.extend(groups)
        return groups

    filled = fill(some, lambda g: [s.reward for s in g.samples], settings.problems, settings.rounds)
    # The measured reward is that of everything that was drawn, so nothing is left out.
    return replace(filled, groups=every)


def sampled(
    learner: Learner,
    task: Task,
    problems: Sequence[Problem],
    settings: Settings,
    generator: torch.Generator,
) -> list[Group]:
    """Return a judged group of each problem."""
    prompts = [learner.codec.encode(problem.turns) for problem in problems]
    made = sample(
        learner.model, prompts, settings.samples, limit=task.tokens, stop=learner.codec.stop,
        temperature=settings.temperature, generator=generator,
    )  # fmt: skip
    groups = []
    for problem, prompt, samples in zip(problems, prompts, made, strict=True):
        judged = tuple(
            replace(s, reward=task.judge(problem, learner.codec.decode(s.ids))) for s in samples
        )
        groups.append(Group(tuple(prompt), judged))
    return groups


def accuracy(learner: Learner, task: Task, problems: Sequence[Problem]) -> float:
    """Return the mean reward of greedy answers."""
    prompts = [learner.codec.encode(problem.turns) for problem in problems]
    made = sample(
        learner.model, prompts, 1, limit=task.tokens, stop=learner.codec.stop, temperature=0
    )
    worth = [
        task.judge(problem, learner.codec.decode(only.ids))
        for problem, (only,) in zip(problems, made, strict=True)
    ]
    return sum(worth) / len(worth)


def _begin(
    learner: Learner, optimizer: Any, settings: Settings, task: Task, out: Path, resume: bool
) -> dict[str, Any]:
    plan = {"task": task.name, **settings.to_json()}
    path = out / "settings.json"
    if path.exists():
        if not resume:
            raise TracegraphError(f"{out} holds a training: go on with --resume, or name another")
        known = json.loads(path.read_text())
        if changed := [n for n in plan if known.get(n) != plan[n] and n != "steps"]:
            raise TracegraphError(f"{out} was begun with other settings: {', '.join(changed)}")
    path.write_text(json.dumps(plan, indent=1) + "\n")
    fresh: dict[str, Any] = {"step": 0, "best": 0.0, "stale": 0, "before": 0.0, "stopped": ""}
    found = checkpoints(out)
    state = restore(found[-1], learner, optimizer) if found else fresh
    if state["stopped"] == "steps" and state["step"] < settings.steps:
        state["stopped"] = ""  # resumed with more steps
    return state


def _look(
    learner: Learner, task: Task, settings: Settings, state: dict[str, Any], log: Log, tell: OnStep
) -> None:
    """Evaluate on the check problems and decide whether to stop."""
    found = accuracy(learner, task, task.check)
    better = found > state["best"]
    state["stale"] = 0 if better else state["stale"] + 1
    state["best"] = max(found, state["best"])
    if found >= settings.enough:
        state["stopped"] = "enough"
    elif state["stale"] >= settings.patience:
        state["stopped"] = "patience"
    elif state["step"] >= settings.steps:
        state["stopped"] = "steps"
    told = {"step": state["step"], "check": found}
    log.write("evaluation", told)
    tell("evaluation", told)


def _keep_best(checkpoint: Path, out: Path) -> None:
    import shutil

    partial, final = out / ".best.part", out / "best"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(checkpoint, partial)
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)

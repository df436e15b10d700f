"""Solve a word problem: question -> program -> run -> diagnosis -> repaired program."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, Literal

import tracegraph as tg
from tracegraph.agents.episode import Episode, Turn, versions
from tracegraph.agents.protocol import OnEvent
from tracegraph.agents.recorded import current_value, recorded
from tracegraph.envs.solver import (
    Diagnosis,
    SolverPool,
    SolverRun,
    certify,
    diagnose,
    labelled,
    readings,
    score,
)
from tracegraph.prompts import load

if TYPE_CHECKING:
    from tracegraph.envs.solver import SolverTask
    from tracegraph.models import LLM

Shots = Literal["0", "few"]
_FENCE = re.compile(r"```(?:[Pp]ython|py)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_TOKENS = 1200
# What is worth a repair; a number that is not used may be one that does not matter.
_REPAIRED = frozenset(
    (
        "error", "timeout", "no_solve", "no_answer", "infeasible", "unbounded", "objective_bound",
        "no_objective",
    )
)  # fmt: skip


class Modeller:
    """Writes a program for a problem, runs it, and repairs it by what the diagnosis says.

    One object works on many tasks at a time. Its parameters are the prompts: ``instruction``
    (how to write the program) and ``repair``.

    Args:
        llm: the model.
        pool: where programs run; it is open while tasks are worked on.
        shots: "0", or "few" for two worked examples.
        repairs: how often a program may be written again.
        profile: the rule that scores; see ``envs/solver/profiles.py``.
        temperature: of every call.
        certify: prove what the last program found; part ``certified`` of the rewards, and
            ``extra["certificate"]``. The score stays as it is.
    """

    name = "resocratic"

    def __init__(
        self,
        llm: LLM,
        pool: SolverPool,
        *,
        shots: Shots = "0",
        repairs: int = 0,
        profile: str = "strict",
        temperature: float = 0.0,
        certify: bool = False,
    ) -> None:
        self.llm = llm
        self.pool = pool
        self.repairs = repairs
        self.profile = profile
        self.temperature = temperature
        self.certify = certify
        which = "solve_few" if shots == "few" else "solve_zero"
        self.instruction = _prompt(which, "How to write the program for a problem.")
        self.repair = _prompt("solve_repair", "Said with the diagnosis of a program that failed.")

    async def run(
        self, task: SolverTask, *, seed: int = 0, on_event: OnEvent | None = None
    ) -> Episode:
        """Work on a task to its end.

        ``on_event`` is told "program", "run" (with the SolverRun), "diagnosis". Without a label an
        optimum counts as a success without a reward.

        Raises:
            EnvError: the sandbox failed.
            BudgetExceeded: the budget is used up.
            RequestError: the model cannot be reached.
        """
        tell = on_event or (lambda kind, told: None)
        episode = Episode(self.name, "solver", task.id, seed=seed)
        with recorded():
            texts = {p.name: current_value(p) for p in (self.instruction, self.repair)}
            episode.policy = {"model": self.llm.model} | versions(texts)
            code, run, found = await self._work(task, episode, tell)
        await self._conclude(task, episode, code, run, found)
        episode.finished = time.time()
        return episode

    async def _work(
        self, task: SolverTask, episode: Episode, tell: OnEvent
    ) -> tuple[str, SolverRun, Diagnosis]:
        asked = question_text(task)
        text = await write(self.instruction, asked, self, episode)
        for left in range(self.repairs, -1, -1):
            code = program_of(text)
            tell("program", {"code": code})
            run = await run_program(code, self.pool)
            tell("run", {"run": run})
            found = await examine(run, code, task.question, self.pool)
            tell("diagnosis", {"diagnosis": found})
            turn = episode.turns[-1]
            turn.action = code
            turn.observation = {"status": run.status, "objective": run.objective,
                                "diagnosis": found.text}  # fmt: skip
            if not left or not _REPAIRED.intersection(found.kinds):
                break
            turn.notes["repaired"] = 1
            text = await rewrite(
                self.repair, self.instruction, asked, text, found.text, self, episode
            )
        return code, run, found

    async def ask(self, messages: list[dict[str, Any]], new: int, episode: Episode) -> str:
        """Return the model's answer and keep it as a turn; the last ``new`` messages are new."""
        done = await self.llm.complete(
            messages, temperature=self.temperature, seed=episode.seed, max_tokens=_TOKENS
        )
        episode.turns.append(Turn.of(messages[-new:], done))
        episode.cost += done.cost
        return done.text

    async def _conclude(
        self, task: SolverTask, episode: Episode, code: str, run: SolverRun, found: Diagnosis
    ) -> None:
        episode.answer = json.dumps(dict(run.answer) or {"objective": run.objective})
        episode.extra = {
            "code": code, "status": run.status, "objective": run.objective, "error": run.error,
            "model": run.model.kind if run.model is not None else "", "bound": run.dual_bound,
            "hash": run.model.hash if run.model is not None else "",
            "kinds": list(found.kinds), "kind": task.kind, "gap": run.gap,
            "flaw": task.flaw.kind if task.flaw is not None else "",
        }  # fmt: skip
        if self.certify:
            proof = await certify(run, self.pool)
            episode.extra["certificate"] = {
                "kind": proof.kind, "ok": proof.ok, "text": proof.text, "value": proof.value,
            }  # fmt: skip
            episode.rewards["certified"] = float(run.status == "optimal" and proof.ok)
        task = await labelled(task, self.pool)
        if not task.label:
            episode.outcome = "success" if run.status == "optimal" else "failure"
            episode.feedback = found.text
            return
        apart = await readings(run, self.pool)
        judged = score(run, task, self.profile, readings=apart)
        episode.judge(judged)
        episode.feedback = "\n".join(filter(None, (judged.feedback, found.text)))
        if not code:
            episode.outcome = "format_error"


@tg.bundle
async def write(instruction: str, asked: str, agent: Modeller, episode: Episode) -> str:
    """Ask for the program of a problem."""
    messages = [
        {"role": "system", "content": instruction},
        {"role": "user", "content": asked},
    ]
    return await agent.ask(messages, 2, episode)


@tg.bundle
async def rewrite(
    repair: str, instruction: str, asked: str, text: str, diagnosis: str, agent: Modeller,
    episode: Episode,
) -> str:  # fmt: skip
    """Ask for a corrected program, with what the diagnosis found."""
    messages = [
        {"role": "system", "content": instruction},
        {"role": "user", "content": asked},
        {"role": "assistant", "content": text},
        {"role": "user", "content": f"{repair}\n\nWhat is wrong:\n{diagnosis}"},
    ]
    return await agent.ask(messages, 1, episode)


@tg.bundle
def program_of(text: str) -> str:
    """Take the program out of an answer: its last block of code, else all of it."""
    blocks = _FENCE.findall(text)
    if blocks:
        return str(blocks[-1]).strip()
    return text.strip() if "import" in text else ""


@tg.bundle
async def run_program(code: str, pool: SolverPool) -> SolverRun:
    """Run the program in the sandbox."""
    return await pool.run(code)


@tg.bundle
async def examine(run: SolverRun, code: str, question: str, pool: SolverPool) -> Diagnosis:
    """Find out what is wrong with the run, without knowing the label."""
    return await diagnose(run, code, question, pool=pool)


def question_text(task: SolverTask) -> str:
    """Return the question with the names under which the program reports its results."""
    return f"Problem: {task.question}\n\nReport: {'; '.join(task.keys)}"


def _prompt(name: str, about: str) -> tg.Parameter[str]:
    text = load(f"resocratic/{name}").format()
    made: tg.Parameter[str] = tg.node(text, trainable=True, name=name, description=about)
    return made

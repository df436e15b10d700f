"""The synthesis agent: one attempt makes a family of certified questions, or says why not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import tracegraph as tg
from tracegraph.agents.episode import Episode, versions
from tracegraph.agents.protocol import OnEvent
from tracegraph.agents.resocratic import program, questions
from tracegraph.agents.resocratic.blind import Blind, Solved
from tracegraph.agents.resocratic.calls import Calls
from tracegraph.agents.resocratic.demonstration import Demonstration
from tracegraph.agents.resocratic.formal import FormalError
from tracegraph.agents.resocratic.modelled import model_program
from tracegraph.agents.resocratic.mutation import mutate
from tracegraph.agents.resocratic.overlap import TfIdf
from tracegraph.agents.resocratic.prompts import Prompts
from tracegraph.agents.resocratic.questions import Question, Variant
from tracegraph.agents.resocratic.reward import Reward
from tracegraph.agents.resocratic.rows import make_row
from tracegraph.agents.resocratic.seeds import Seed
from tracegraph.agents.resocratic.stages import Passage
from tracegraph.agents.resocratic.stepwise import Level, Stepwise
from tracegraph.agents.resocratic.target import Target, hit
from tracegraph.agents.resocratic.verify import Verified, close, difficulty, values_of, verify
from tracegraph.envs.solver import SolverPool
from tracegraph.models import LLM


@dataclass(frozen=True, slots=True)
class Settings:
    """How attempts are made.

    Attributes:
        tries: how often the model is asked for a step.
        question_tries: how often for a question, before the code puts the notes together.
        samples: blind solutions of each question.
        agreeing: how many of them must find the optimum.
        programs: "formal" writes programs from the formal lines; "model" asks the model for them,
            and keeps those that agree with the formal lines.
    """

    tries: int = 3
    question_tries: int = 2
    samples: int = 2
    agreeing: int = 1
    programs: Literal["formal", "model"] = "formal"


class Synthesizer:
    """Makes families of questions with verified answers.

    Args:
        llm: writes the steps and the questions.
        pool: where programs run.
        seeds: examples, verified and clean.
        blind: solves questions that it sees for the first time; None leaves agreement out.
        prompts: the instructions, as parameters.
        settings: how attempts are made.
    """

    name = "resocratic"

    def __init__(
        self, llm: LLM, pool: SolverPool, seeds: Sequence[Seed], blind: Blind | None = None,
        *, prompts: Prompts | None = None, settings: Settings | None = None,
    ) -> None:  # fmt: skip
        self.llm, self.pool, self.blind = llm, pool, blind
        self.seeds = {seed.id: seed for seed in seeds}
        self.prompts = prompts or Prompts.load()
        self.settings = settings or Settings()
        self._known = TfIdf([seed.demonstration.words for seed in seeds])

    async def run(self, task: Target, *, seed: int = 0, on_event: OnEvent | None = None) -> Episode:
        """Make one attempt, recorded as a graph."""
        with tg.record():
            attempt = await self.attempt(task, seed=seed)
        tell = on_event or (lambda kind, told: None)
        for each in attempt.log:
            tell("stage", {"key": task.id, **each.to_json()})
        return self._episode(task, seed, attempt)

    async def attempt(self, target: Target, *, seed: int = 0) -> Attempt:
        """Make one attempt: seed, steps or mutation, proof, questions, blind solutions."""
        calls = Calls(self.llm, seed * 1000 + int(versions({"": target.id})[""][:6], 16))
        attempt = Attempt(target, calls)
        levels = await self._levels(target, attempt)
        proven = []
        for level in levels:
            if (found := await self._proven(level, attempt)) is not None and level.binding:
                proven.append((level.demonstration, found))
        made = await asyncio.gather(
            *(
                self._asked(demonstration, verified, variant, attempt)
                for demonstration, verified in proven
                for variant in questions.variants(demonstration)
            )
        )
        attempt.rows += [row for row in made if row is not None]
        attempt.reward = self._reward(attempt, [each for each, _ in proven])
        return attempt

    async def _levels(self, target: Target, attempt: Attempt) -> list[Level]:
        example = self.seeds[target.seeds[0]]
        if target.generator == "steps":
            steps = Stepwise(
                self.prompts, attempt.calls, self.pool, target, example, self.settings.tries,
                attempt.log,
            )  # fmt: skip
            return await steps.build()
        whole = example.demonstration
        best = values_of(await self.pool.run(program.write(whole)))
        try:
            changed = mutate(whole, best, f"{target.id} {target.seeds[0]}")
        except FormalError as error:
            attempt.log.append(Passage("mutation", "mutation", False, str(error), 0, "code"))
            return []
        attempt.changes = changed.changes
        attempt.log.append(Passage("mutation", "mutation", True, "", 0, "code"))
        return [Level(changed.demonstration)]

    async def _proven(self, level: Level, attempt: Attempt) -> Verified | None:
        """Return a level whose program is certified and agrees with its formal lines."""
        item = f"level-{len(level.demonstration.constraints)}"
        code, by = program.write(level.demonstration), "code"
        if self.settings.programs == "model":
            code, by = (
                await model_program(self.prompts.program, attempt.calls, level.demonstration),
                "model",
            )
        found = await verify(code, level.demonstration, self.pool)
        ran = found.run.status == "optimal"
        why = "" if ran else f"{found.run.status}: {found.run.error}"
        attempt.log.append(Passage("program", item, ran, why, by=by, tries=int(by == "model")))
        if not ran:
            return None
        kind = found.problems[0][0] if found.problems else ""
        ok = not found.problems and found.run.model is not None
        attempt.log.append(
            Passage("certify", item, ok, f"{kind}: {found.why}" if kind else "", 0, "code")
        )
        return found if ok else None

    async def _asked(
        self, demonstration: Demonstration, verified: Verified, variant: Variant, attempt: Attempt
    ) -> dict[str, Any] | None:
        """Return the row of one question, if a blind solver finds the same optimum."""
        level = len(demonstration.constraints)
        item = f"level-{level}-{variant}"
        question, tries = await self._question(demonstration, variant, attempt)
        left = questions.faults(demonstration, variant, question.text)
        attempt.log.append(
            Passage("question", item, not left, "; ".join(left), tries, question.writer)
        )
        if left:
            return None
        solved = await self._solve(question.text, verified.objective, attempt)
        agreed = sum(each["agrees"] for each in solved)
        measured = difficulty(demonstration, verified)
        if solved:
            measured = replace(measured, pass_rate=agreed / len(solved))
            enough = agreed >= self.settings.agreeing
            why = "" if enough else _disagreement(solved)
            attempt.log.append(Passage("resolve", item, enough, why, len(solved)))
            if not enough:
                return None
        target = attempt.target
        family = target.seeds[0] if target.generator == "mutation" else target.id
        provenance = {
            "generator": target.generator,
            "seeds": [{"id": name, "hash": self.seeds[name].hash} for name in target.seeds],
            "changes": list(attempt.changes),
            "steps_by": {
                each.item: each.by for each in attempt.log
                if each.stage in ("variables", "objective", "constraint") and each.passed
            },
            "model": self.llm.model,
            "temperature": attempt.calls.temperature,
            "sampler_seed": attempt.calls.seed,
            "policy": self.policy,
            "tokens": attempt.calls.tokens,
            "tracegraph": tg.__version__,
            "solvers": solver_versions(),
        }  # fmt: skip
        return make_row(
            target.id, level, question, demonstration, verified, measured, target,
            family=family, solved=solved, provenance=provenance,
        )  # fmt: skip

    async def _question(
        self, demonstration: Demonstration, variant: Variant, attempt: Attempt
    ) -> tuple[Question, int]:
        """Return a question of the model's that keeps every fact, else one of the code's."""
        wrong: list[str] = []
        tries = self.settings.question_tries if attempt.target.generator == "steps" else 0
        prompt = self.prompts.question_table if variant == "table" else self.prompts.question
        for count in range(1, tries + 1):
            told = f"The last try was wrong: {wrong[-1]}." if wrong else ""
            text = await questions.write_question(
                prompt, attempt.calls, demonstration, variant, told
            )
            found = questions.faults(demonstration, variant, text)
            if not found:
                return Question(variant, text, "model", tuple(wrong)), count
            wrong.append("; ".join(found))
        text = questions.assembled(demonstration, variant)
        return Question(variant, text, "code", tuple(wrong)), tries

    async def _solve(self, question: str, optimum: float, attempt: Attempt) -> list[dict[str, Any]]:
        if self.blind is None:
            return []
        first = attempt.calls.seed % 1_000_000
        found: list[Solved] = await asyncio.gather(
            *(self.blind(question, first + n) for n in range(self.settings.samples))
        )
        for each in found:
            attempt.calls.turns += each.turns
        return [
            {
                "model": each.model, "status": each.status, "objective": each.objective,
                "agrees": each.objective is not None and close(each.objective, optimum, 1e-5),
            }
            for each in found
        ]  # fmt: skip

    def _reward(self, attempt: Attempt, proven: Sequence[Demonstration]) -> Reward:
        target = attempt.target
        alike = [max(self._known.similarity(each.words), default=0.0) for each in proven]
        return Reward(
            certified=len({row["level"] for row in attempt.rows}) / max(1, target.constraints)
            if target.generator == "steps"
            else float(bool(attempt.rows)),
            novelty=1 - max(alike, default=1.0),
            hit=max((hit(target, each) for each in proven), default=0.0),
            tokens=attempt.calls.tokens,
        )

    @property
    def policy(self) -> dict[str, str]:
        """The model, and a hash of each prompt as it is now."""
        return {"model": self.llm.model, **versions({p.name: p.data for p in self.prompts.all})}

    def _episode(self, target: Target, seed: int, attempt: Attempt) -> Episode:
        done = Episode(
            self.name, "solver", target.id, seed=seed, turns=attempt.calls.turns,
            policy=self.policy, started=attempt.started,
        )  # fmt: skip
        done.reward, done.rewards = attempt.reward.value, attempt.reward.parts
        failed = [each for each in attempt.log if not each.passed]
        done.feedback = "\n".join(f"{each.stage} {each.item}: {each.why}" for each in failed)
        done.outcome = "success" if attempt.rows else "failure"
        done.extra = {
            "target": target.to_json(),
            "rows": attempt.rows,
            "stages": [each.to_json() for each in attempt.log],
        }
        return done


@dataclass(slots=True)
class Attempt:
    """One attempt: what was aimed at, asked, found out, and made."""

    target: Target
    calls: Calls
    log: list[Passage] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    changes: tuple[str, ...] = ()
    reward: Reward = field(default_factory=Reward)
    started: float = field(default_factory=time.time)


def solver_versions() -> dict[str, str]:
    """Return the installed versions of the solvers."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("pyscipopt", "highspy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _disagreement(solved: Sequence[Mapping[str, Any]]) -> str:
    statuses = {str(each["status"]) for each in solved}
    if statuses == {"optimal"}:
        return "another optimum: " + ", ".join(str(each["objective"]) for each in solved)
    return "no blind solution: " + ", ".join(sorted(statuses))

"""The search: propose from a candidate, screen on training examples, test on fresh ones."""

from __future__ import annotations

import math
import random
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from tracegraph.graph.export import from_json
from tracegraph.models.budget import Amount, Budget
from tracegraph.models.errors import BudgetExceeded, ModelError
from tracegraph.models.scope import surround
from tracegraph.optimizers.optimizer import Step
from tracegraph.optimizers.problem import Problem
from tracegraph.training.acceptance import spend
from tracegraph.training.allowance import Taken, affordable, for_search
from tracegraph.training.candidate import Candidate
from tracegraph.training.comparison import Evidence, compare
from tracegraph.training.data import draw, shuffled
from tracegraph.training.engine import evolve
from tracegraph.training.errors import TrainingError
from tracegraph.training.evaluator import Evaluator, means
from tracegraph.training.focus import focus, measured_blame
from tracegraph.training.gate import Verdict, wait_for_verdict
from tracegraph.training.pool import STRATEGIES, Entry, Pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracegraph.optimizers.proposal import Proposal
    from tracegraph.training.data import Example
    from tracegraph.training.evaluation import Evaluated
    from tracegraph.training.journal import Journal
    from tracegraph.training.ledger import Ledger
    from tracegraph.training.trainer import Trainer

# After so many steps in a row in which the model could not be asked, something is broken.
_SILENT_STEPS = 3
# Standard errors of gain on training examples from which a test is worth its part of alpha; what
# gains less can still be built on.
_PROMISE = 1.5
# Weight of a perfect example when a minibatch is drawn; a failed one has 1 more.
_SOLVED = 0.25


class Loop:
    """The state of the loop in this process; all of it follows from the ledger."""

    def __init__(self, trainer: Trainer, ledger: Ledger, journal: Journal, seed: Candidate) -> None:
        settings = trainer.settings
        self.trainer = trainer
        self.settings = settings
        self.workflow = trainer.workflow
        self.optimizer = trainer.optimizer
        self.ledger = ledger
        self.journal = journal
        self.evaluator = Evaluator(
            trainer.workflow,
            trainer.guide,
            ledger,
            concurrency=settings.concurrency,
            repeats=settings.repeats,
            flow=settings.flow,
            timeout=settings.timeout,
            on_done=journal.evaluated,
        )
        self.probe = draw(trainer.splits.train, settings.probe, seed=settings.seed)
        # Training examples outside of the probe are never shown to an optimizer: fresh as well.
        shown = {example.id for example in self.probe}
        unused = [example for example in trainer.splits.train if example.id not in shown]
        self.fresh = [*trainer.splits.validation, *unused]
        self.pool = Pool()
        self.seed = self.proven = self.pool.add(seed)
        self.records: dict[str, dict[str, list[Evaluated]]] = {}
        self.blamed: dict[str, list[dict[str, Any]]] = {}
        self.steps = self.tests = self.accepted = self.malformed = self.silent = 0

    async def run(self) -> str:
        """Search until there is a reason to stop, and return it."""
        try:
            await self._baseline()
            if not hasattr(self.optimizer, "evolve"):
                return await self._steps()
            allowed = self._allowed(self.proven)
            with surround(budget=allowed):
                return await self._engine(affordable(allowed, self._taken(self.proven)))
        except BudgetExceeded as refusal:
            self.journal.tell("budget", why=str(refusal))
            return f"the budget ended ({refusal.kind})"

    def _allowed(self, best: Entry) -> Budget:
        """Return what may be spent if this entry is to be proven against the seed at the end."""
        both = [self._taken(self.seed), self._taken(best)]
        return for_search(self.trainer.budget, both, len(self.trainer.splits.test))

    def _taken(self, entry: Entry) -> Taken:
        stored = self.ledger.state(f"taken/{entry.candidate.name}")
        return Taken() if stored is None else Taken(Amount(**stored["amount"]), stored["examples"])

    async def _baseline(self) -> None:
        """Score the seed."""
        seed = self.proven.candidate
        self.journal.tell(
            "started",
            workflow=self.workflow.name,
            parameters={n: p.kind for n, p in self.workflow.parameters.items()},
            fresh=len(self.fresh),
            test=len(self.trainer.splits.test),
            probe=len(self.probe),
            optimizer=self.optimizer.name,
            seed=seed.name,
        )
        await self.ledger.keep_candidate(seed, 0)
        # A model server may start with the first half: what the second takes is the rule.
        half = len(self.probe) // 2
        await self._measure(self.proven, self.probe[:half], counts=False)
        await self._measure(self.proven, self.probe[half:])
        if self.proven not in self.pool.ranked([e.id for e in self.probe]):
            raise TrainingError(
                f"only {len(self.proven.scores)} of {len(self.probe)} examples could be evaluated: "
                f"{self.evaluator.trouble}"
            )
        done = self.records[seed.name].values()
        if all(one.graph is None for several in done for one in several):
            raise TrainingError(
                f"{self.workflow.name} called no bundled function, so nothing was recorded: "
                "decorate its functions with @tracegraph.bundle"
            )
        self.journal.tell("baseline", candidate=seed.name, score=self.proven.score)

    async def _steps(self) -> str:
        idle = 0
        for number in range(1, self.settings.steps + 1):
            if self.proven.score >= self.settings.target:
                return f"the target of {self.settings.target:g} is reached on training examples"
            # Anew at each step: a better candidate may take more to prove.
            allowed = self._allowed(self.proven)
            if allowed.exhausted:
                return "the budget ended; what is left is for the proof"
            self.steps = number
            with surround(budget=allowed):
                better = await self._step(number)
            if better:
                idle = 0
            else:
                idle += 1
            if idle == self.settings.patience:
                return f"no better candidate in {idle} steps"
        return f"all {self.settings.steps} steps are done"

    async def _engine(self, calls: int | None) -> str:
        """Let an engine search on training examples, and test what it found."""
        self.steps = 1
        if calls is None:
            calls = self.settings.steps * len(self.probe)
        kept = self.ledger.proposals("engine")
        if kept is None:
            found = await evolve(
                self.optimizer,  # type: ignore[arg-type]
                self.evaluator,
                self.proven.candidate,
                self.probe,
                calls=calls,
                seed=self.settings.seed,
            )
            kept = [found]
            seed = self.proven.candidate.name
            await self.ledger.keep_proposals("engine", seed, self.optimizer.name, kept)
        (found,) = kept
        self.journal.tell("proposal", place="engine", **_told(found))
        if found:
            step = Step(self.workflow.parameters, self.proven.candidate.values)
            entry = await self._try(1, self.proven, found, step, screen=False)
            if entry is not None and self._promises(entry):
                await self._test("1", entry)
        return f"{self.optimizer.name} has used its {calls} evaluations"

    async def _step(self, number: int) -> bool:
        """Propose from one candidate and test the best that came; whether anything got better."""
        chance = random.Random(f"{self.settings.seed}/{number}")
        ids = [example.id for example in self.probe]
        before = self.pool.ranked(ids)[0].score, self.accepted
        parent = STRATEGIES[self.settings.strategy](self.pool, self.proven, ids, chance)
        parent.picked += 1
        step = self._question(parent, chance)
        self.journal.tell(
            "step", number=number, candidate=parent.candidate.name, score=parent.score,
            focus=list(step.focus), blame=self.blamed[parent.candidate.name][:8],
        )  # fmt: skip
        tried: list[Entry] = []
        rounds = self.optimizer.rounds(replace(step, history=self.pool.history()))
        for turn in range(rounds):
            asked = replace(step, round=turn, history=self.pool.history())
            proposals = await self._propose(f"{number}/{turn}", asked)
            if not proposals:
                break
            for proposal in proposals:
                entry = await self._try(number, parent, proposal, step, screen=rounds == 1)
                if entry is not None:
                    tried.append(entry)
        promising = [e for e in tried if e.accepted is None and self._promises(e)]
        if promising:
            promising.sort(key=lambda e: (-e.score, e.candidate.size, e.candidate.name))
            await self._test(f"{number}", promising[0])
        return (self.pool.ranked(ids)[0].score, self.accepted) > before

    def _promises(self, entry: Entry) -> bool:
        """Whether an entry looks clearly better than the proven one, or as good and simpler."""
        known = [e for e in entry.scores if e in self.proven.scores]
        gains = [entry.scores[e] - self.proven.scores[e] for e in known]
        if not any(gains):
            return entry.candidate.size < self.proven.candidate.size
        mean = sum(gains) / len(gains)
        spread = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / len(gains))
        return mean * math.sqrt(len(gains)) > _PROMISE * spread

    def _question(self, parent: Entry, chance: random.Random) -> Step:
        name = parent.candidate.name
        records = self.records[name]
        if name not in self.blamed:
            self.blamed[name] = measured_blame([one for done in records.values() for one in done])
        weights = {i: 1 - score + _SOLVED for i, score in parent.scores.items()}
        drawn = draw(
            [e for e in self.probe if e.id in records],
            self.settings.minibatch,
            seed=chance.randrange(1 << 30),
            weights=weights,
        )
        chosen = sorted(drawn, key=lambda e: parent.scores[e.id])  # failures first
        return Step(
            self.workflow.parameters,
            parent.candidate.values,
            problems=self._problems(name, chosen),
            records=self._problems(name, [e for e in self.probe if e not in drawn]),
            candidate=name,
            focus=focus(self.blamed[name], list(self.workflow.parameters)),
            objective=self.workflow.objective,
            seed=chance.randrange(1 << 30),
            count=self.settings.count,
        )

    def _problems(self, candidate: str, examples: Sequence[Example]) -> list[Problem]:
        known = self.records[candidate]
        graphs = {e.id: known[e.id][0].graph for e in examples if e.id in known}
        return [
            Problem.of(from_json(graph), example=example)
            for example, graph in graphs.items()
            if graph is not None
        ]

    async def _propose(self, place: str, step: Step) -> list[Proposal]:
        proposals = self.ledger.proposals(place)
        if proposals is None:
            try:
                proposals = await self.optimizer.propose(step)
            except BudgetExceeded:
                raise
            except ModelError as error:
                self.silent += 1
                self.journal.tell("unanswered", place=place, why=f"{type(error).__name__}: {error}")
                if self.silent == _SILENT_STEPS:
                    raise TrainingError(
                        f"the optimizer's model could not be asked {_SILENT_STEPS} times in a row: "
                        f"{error}"
                    ) from error
                return []
            await self.ledger.keep_proposals(place, step.candidate, self.optimizer.name, proposals)
        self.silent = 0
        for proposal in proposals:
            self.malformed += proposal.malformed
            self.journal.tell("proposal", place=place, **_told(proposal))
        return [proposal for proposal in proposals if proposal]

    async def _try(
        self, number: int, parent: Entry, proposal: Proposal, step: Step, *, screen: bool
    ) -> Entry | None:
        """Score a proposal on training examples: all of the probe, if it passes the screen."""
        values = {**parent.candidate.values, **proposal.values}
        candidate = Candidate(values, parent.candidate.name, proposal.optimizer, proposal.reasoning)
        if candidate.name in self.pool.entries:
            return None
        entry = self.pool.add(candidate)
        await self.ledger.keep_candidate(candidate, number)
        if screen and step.problems:
            shown = {problem.example for problem in step.problems}
            batch = [example for example in self.probe if example.id in shown]
            await self._measure(entry, batch)
            if entry.problem:
                return None
            mine = sum(entry.scores.values())
            theirs = sum(parent.scores[example] for example in entry.scores)
            smaller = candidate.size < parent.candidate.size
            if mine < theirs or (mine == theirs and not smaller):
                self._tell_tried(entry, parent, "not better on the minibatch")
                return None
        await self._measure(entry, self.probe)
        if entry.problem:
            return None
        self._tell_tried(entry, parent, "scored")
        return entry

    def _tell_tried(self, entry: Entry, parent: Entry, what: str) -> None:
        self.journal.tell(
            "tried", candidate=entry.candidate.name, parent=parent.candidate.name,
            optimizer=entry.candidate.optimizer, score=entry.score, examples=len(entry.scores),
            what=what, changes=sorted(entry.candidate.changes(parent.candidate)),
        )  # fmt: skip

    async def _measure(
        self, entry: Entry, examples: Sequence[Example], *, counts: bool = True
    ) -> None:
        name = entry.candidate.name
        new = sum(self.ledger.evaluation(name, example.id, 0) is None for example in examples)
        before = self.trainer.budget.spent
        try:
            done = await self.evaluator.run(entry.candidate, examples, "train")
        except TrainingError as error:
            if entry is self.proven and not entry.scores:
                raise
            entry.problem = str(error)
            self.journal.tell("unanswered", place=name, why=f"{name} is left out: {error}")
            return
        self.records.setdefault(name, {}).update(done)
        entry.scores.update(means(done))
        entry.feedback.update({example: several[0].feedback for example, several in done.items()})
        if new and counts:
            took = _difference(self.trainer.budget.spent, before)
            taken = self._taken(entry).and_also(took, new)
            await self.ledger.keep_state(f"taken/{name}", asdict(taken))

    async def _test(self, place: str, entry: Entry) -> None:
        """Let an entry take the place of the proven one, if fresh examples say so."""
        number = self.tests = self.tests + 1
        stored = self.ledger.decision(place)
        if stored is None:
            examples = shuffled(self.fresh, self.settings.seed + number)
            self.journal.tell("testing", candidate=entry.candidate.name, place=place)
            with surround(budget=self._allowed(entry)):
                evidence = await compare(
                    self.evaluator,
                    self.proven.candidate,
                    entry.candidate,
                    examples,
                    alpha=spend(self.settings.alpha, number),
                )
            verdict = await self._gate(place, entry, evidence)
            payload = {
                **evidence.to_json(),
                "against": self.proven.candidate.name,
                "approved": verdict.approved,
                "reason": verdict.reason,
            }
            kept = "accepted" if evidence.accepted and verdict.approved else "rejected"
            await self.ledger.keep_decision(place, entry.candidate.name, kept, payload)
            stored = self.ledger.decision(place)
            assert stored is not None
        entry.accepted = stored.verdict == "accepted"
        if stored.payload["reason"] and not entry.accepted:
            entry.problem = f"a person refused it: {stored.payload['reason']}"
        if entry.accepted:
            self.accepted += 1
            self.proven = entry
        self.journal.tell(
            stored.verdict, candidate=entry.candidate.name, optimizer=entry.candidate.optimizer,
            **stored.payload,
        )  # fmt: skip

    async def _gate(self, place: str, entry: Entry, evidence: Evidence) -> Verdict:
        if not (self.settings.approve and evidence.accepted):
            return Verdict(True)
        self.journal.tell("pending", candidate=entry.candidate.name, place=place)
        return await wait_for_verdict(self.ledger, entry.candidate.name, evidence.to_json())


def _told(proposal: Proposal) -> dict[str, Any]:
    told = proposal.to_json()
    del told["shown"]  # it is in the proposal's own row
    return told


def _difference(after: Amount, before: Amount) -> Amount:
    return Amount(
        after.tokens - before.tokens,
        after.dollars - before.dollars,
        after.calls - before.calls,
        after.seconds - before.seconds,
    )

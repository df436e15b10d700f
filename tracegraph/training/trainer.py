"""The loop: score the seed, propose, screen, test on fresh examples, prove on locked ones."""

from __future__ import annotations

import asyncio
import hashlib
import platform
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from tracegraph import runs
from tracegraph._version import __version__
from tracegraph.models.budget import Budget
from tracegraph.models.scope import surround
from tracegraph.training.candidate import Candidate
from tracegraph.training.data import shuffled
from tracegraph.training.errors import TrainingError
from tracegraph.training.journal import Journal
from tracegraph.training.ledger import Ledger, restored
from tracegraph.training.loop import Loop
from tracegraph.training.proof import Proof, prove
from tracegraph.training.result import Result
from tracegraph.training.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracegraph.models.cache import Cache
    from tracegraph.optimizers.optimizer import Optimizer
    from tracegraph.training.data import Splits
    from tracegraph.training.evaluator import Evaluator
    from tracegraph.training.guide import Guide
    from tracegraph.training.workflow import Workflow


class Trainer:
    """Improves a workflow's parameters and proves that it did.

    The loop is a function of the seed and of the answers that it gets; each answer is on disk
    before the next question. A run that was killed is started again with ``run`` and repeats at
    most what was in flight.

    Args:
        workflow: what to improve.
        splits: examples to learn from, to decide with, and to prove with.
        guide: who judges the outputs.
        optimizer: who proposes.
        budget: of everything together; None is without limit.
        settings: how the run is to go.
        store: where the run is kept.
        cache: answers of models that are known already; None asks again each time.
        run: an existing run to go on with.
        config: kept with a new run, for whoever wants to resume it.
        on_event: told what happens: a kind and a payload.
    """

    def __init__(
        self,
        workflow: Workflow,
        splits: Splits,
        guide: Guide,
        optimizer: Optimizer,
        *,
        store: runs.Store,
        budget: Budget | None = None,
        settings: Settings | None = None,
        cache: Cache | None = None,
        run: str | None = None,
        config: dict[str, Any] | None = None,
        on_event: Callable[[str, dict[str, Any]], None] | None = None,
    ) -> None:
        self.workflow = workflow
        self.splits = splits
        self.guide = guide
        self.optimizer = optimizer
        self.settings = settings or Settings()
        self.budget = budget or Budget(name="run")
        self.store = store
        self.cache = cache
        self._resumed = run
        self._config = config or {}
        self._on_event = on_event
        self._check()

    def _check(self) -> None:
        for part in ("train", "validation", "test"):
            if not getattr(self.splits, part):
                raise TrainingError(f"the {part} split is empty: add examples, or change fractions")
        movable = [p for p in self.workflow.parameters.values() if p.kind in self.optimizer.kinds]
        if not movable:
            kinds = ", ".join(sorted({p.kind for p in self.workflow.parameters.values()}))
            raise TrainingError(
                f"optimizer {self.optimizer.name} changes {', '.join(sorted(self.optimizer.kinds))}"
                f", and the workflow's parameters are {kinds}: use hybrid"
            )

    async def train(self) -> Result:
        """Run to the end, or on from where the run was stopped.

        Raises:
            RunTakenError: another process runs it.
            TrainingError: nothing can be evaluated, or the optimizer's model cannot be asked.
        """
        run = await self._start()
        try:
            with runs.within(self.store, run), surround(budget=self.budget, cache=self.cache):
                result = await self._train(run)
        except (asyncio.CancelledError, KeyboardInterrupt):
            runs.finish_run(self.store, run.id, "stopped").result()
            raise
        except BaseException as error:
            summary = {"error": f"{type(error).__name__}: {error}"}
            await runs.finish_run(self.store, run.id, "failed", summary)
            raise
        summary = {"summary": result.summary(), "stopped": result.stopped}
        await runs.finish_run(self.store, run.id, "finished", summary)
        return result

    def train_sync(self) -> Result:
        """Like `train`, for callers without ``await``."""
        return asyncio.run(self.train())

    async def _start(self) -> runs.Run:
        if self._resumed is not None:
            return await runs.take_run(self.store, self._resumed)
        seed = Candidate(self.workflow.values)
        config = {
            "optimizer": self.optimizer.name,
            **self._config,
            "settings": self.settings.to_json(),
            "seed": dict(seed.values),
            "test_split": self._test_split(),
            "versions": {"tracegraph": __version__, "python": platform.python_version()},
        }
        run = runs.Run("optimize", self.workflow.name, config=config)
        await runs.start_run(self.store, run)
        return run

    async def _train(self, run: runs.Run) -> Result:
        parameters = self.workflow.parameters
        ledger = Ledger(self.store, run.id, parameters)
        seed = Candidate({n: restored(parameters[n], v) for n, v in run.config["seed"].items()})
        async with AsyncExitStack() as stack:
            journal = Journal(ledger, self.budget, self._on_event)
            stack.push_async_callback(journal.close)
            search = Loop(self, ledger, journal, seed)
            stopped = await search.run()
            best = search.proven.candidate
            journal.tell("proving", seed=seed.name, best=best.name, examples=len(self.splits.test))
            proof = await self._prove(ledger, search.evaluator, seed, best)
            result = Result(
                run.id,
                self.workflow,
                seed,
                best,
                proof,
                stopped,
                search.steps,
                search.tests,
                search.accepted,
                search.malformed,
                self.budget.spent,
                self._notes(run),
            )
            await ledger.mark(best.name if result.improved else seed.name, "best")
            journal.tell(
                "finished",
                summary=result.summary(),
                improved=result.improved,
                proof=None if proof is None else proof.to_json(),
                stopped=stopped,
            )
            return result

    def _test_split(self) -> str:
        ids = "\n".join(sorted(example.id for example in self.splits.test))
        return hashlib.sha256(ids.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _notes(self, run: runs.Run) -> tuple[str, ...]:
        """Say what limits the number on the test split."""
        others = runs.list_runs(self.store, kind="optimize", limit=10_000)
        split = run.config.get("test_split")
        used = [
            other
            for other in others
            if other.id < run.id
            and other.config.get("test_split") == split
            and runs.load_state(self.store, other.id, "proof") is not None
        ]
        if not used:
            return ()
        were = "1 earlier run" if len(used) == 1 else f"{len(used)} earlier runs"
        return (
            f"the test examples have measured {were} in this store before: if "
            "what they showed changed the workflow, the number is too good",
        )

    async def _prove(
        self, ledger: Ledger, evaluator: Evaluator, seed: Candidate, best: Candidate
    ) -> Proof | None:
        stored = ledger.state("proof")
        if stored is not None:
            return Proof.from_json(stored)
        examples = shuffled(self.splits.test, self.settings.seed)
        proof = await prove(evaluator, seed, best, examples)
        if proof is not None:
            await ledger.keep_state("proof", proof.to_json())
        return proof

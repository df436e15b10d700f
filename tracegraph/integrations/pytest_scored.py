"""What a marked test does: run a workflow on examples, compare the mean with a threshold."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tracegraph import runs
from tracegraph.models.cassette import Cassette
from tracegraph.training.data import Example, load_examples
from tracegraph.training.evaluation import Evaluated, evaluate
from tracegraph.training.evaluator import gather, means
from tracegraph.training.guides import make_guide
from tracegraph.training.intervals import score_interval
from tracegraph.training.job import guide_of
from tracegraph.training.workflow import Workflow, load_workflow

if TYPE_CHECKING:
    from tracegraph.graph.recording import Flow
    from tracegraph.training.guide import Guide
    from tracegraph.training.guides.make import Spec

Verdict = Literal["passed", "failed", "not run"]

_SHOWN = 10  # of the worst examples
_LONG = 200  # characters of an output or of feedback


@dataclass(frozen=True, slots=True)
class Scored:
    """What a workflow scored.

    Attributes:
        done: by example, one evaluation a repeat.
        mean: over examples, each the mean of its repeats.
        low, high: the 95 % interval of the mean.
        at_least: the threshold, where there is one.
        verdict: "not run" when an example could not be run or judged: nothing is known then.
    """

    done: dict[str, list[Evaluated]]
    mean: float
    low: float
    high: float
    at_least: float | None
    verdict: Verdict

    @property
    def scores(self) -> dict[str, float]:
        """The mean score of each example."""
        return means(self.done)

    def summary(self) -> str:
        """Say in a line what came out."""
        repeats = max(len(several) for several in self.done.values())
        times = f", each {repeats} times" if repeats > 1 else ""
        told = (
            f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f}) on {len(self.done)} examples"
            f"{times}"
        )
        if self.at_least is None:
            return told
        told += f", at least {self.at_least:g} wanted"
        if self.low < self.at_least <= self.high:
            told += "; the interval includes it: more examples or repeats would tell more"
        return told

    def lines(self) -> list[str]:
        """Return a line for each example, the worst first."""
        ordered = sorted(self.scores.items(), key=lambda each: (each[1], each[0]))
        return [f"{score:.2f} {name}: {_told(self.done[name])}" for name, score in ordered]

    def report(self) -> str:
        """Return why the test failed: the summary and the worst examples."""
        if self.verdict == "not run":
            lost = [one for several in self.done.values() for one in several if one.failed_to_run]
            return (
                f"{len(lost)} of {len(self.done)} examples could not be run or judged, so there is "
                f"no score: {lost[0].feedback}"
            )
        worst = [line for line in self.lines() if not line.startswith("1.00 ")]
        more = [f"  and {len(worst) - _SHOWN} more"] if len(worst) > _SHOWN else []
        return "\n".join([self.summary(), *(f"  {line}" for line in worst[:_SHOWN]), *more])

    def to_json(self) -> dict[str, Any]:
        """Return what reports keep."""
        known = self.verdict != "not run"
        return {
            "summary": self.summary() if known else self.report(),
            "verdict": self.verdict,
            "mean": self.mean if known else None,
            "interval": [self.low, self.high] if known else None,
            "examples": self.lines(),
        }


def score(
    file: Path,
    test: str,
    mode: str | None,
    workflow: str | Workflow | Callable[..., Any],
    /,
    *,
    data: str,
    guide: Spec = "",
    at_least: float | None = None,
    repeats: int = 1,
    by_chance: bool = False,
    cassette: str | None = None,
    expected: str | None = None,
    inputs: Sequence[str] | None = None,
    limit: int | None = None,
    concurrency: int = 8,
    timeout: float | None = None,
    flow: Flow = "native",
) -> Scored:
    """Run a workflow, as it is, on examples and return what it scores.

    Args:
        file, test: the test's file, which paths are relative to, and its name.
        mode: of the cassette: replay, record, auto, off; None replays it if it is there.
        workflow: ``FILE.py``, ``FILE.py:function``, or the function itself.
        data, expected, inputs, limit: the examples; see ``load_examples``.
        guide: who judges; see ``make_guide``. By default the workflow file's own ``guide``,
            else "exact".
        at_least: the mean score that is wanted.
        repeats: how often each example is run, for workflows and guides that vary.
        by_chance: whether a mean below the threshold passes while its interval includes it.
        cassette: where answers of models are kept; by default ``cassettes/FILE/TEST.json`` beside
            the test.
        concurrency, timeout, flow: examples in flight, seconds for one, how the workflow is
            written.

    Raises:
        TracegraphError: the workflow, the data or the guide is wrong.
    """
    here = file.parent
    if isinstance(workflow, str):
        found = load_workflow(str(here / workflow))
    else:
        found = workflow if isinstance(workflow, Workflow) else Workflow(workflow)
    judge = (
        guide_of(_beside(guide, here), found.path) if isinstance(guide, str) else make_guide(guide)
    )
    examples = load_examples(here / data, expected=expected, inputs=inputs, limit=limit)
    path = here / cassette if cassette else _cassette_path(file, test)
    asked = mode or ("replay" if path.exists() else "off")
    around = nullcontext() if asked == "off" else Cassette(path, asked)  # type: ignore[arg-type]
    # Calls are recorded for the run only: tests leave nothing in the project's store.
    with (
        tempfile.TemporaryDirectory(prefix="tracegraph-test-") as folder,
        runs.Store(Path(folder, "runs.db")) as store,
        runs.run_scope(store, "test", test),
        around,
    ):
        done = asyncio.run(_all(found, examples, judge, repeats, concurrency, timeout, flow))
    return _scored(done, at_least, by_chance)


async def _all(
    workflow: Workflow,
    examples: Sequence[Example],
    guide: Guide,
    repeats: int,
    concurrency: int,
    timeout: float | None,
    flow: Flow,
) -> dict[str, list[Evaluated]]:
    places = asyncio.Semaphore(concurrency)

    async def one(example: Example) -> Evaluated:
        async with places:
            return await evaluate(
                workflow, workflow.values, example, guide, flow=flow, timeout=timeout
            )

    done = await gather(one(example) for example in examples for _ in range(repeats))
    found: dict[str, list[Evaluated]] = {}
    for evaluated in done:
        found.setdefault(evaluated.example, []).append(evaluated)
    return found


def _scored(done: dict[str, list[Evaluated]], at_least: float | None, by_chance: bool) -> Scored:
    if any(one.failed_to_run for several in done.values() for one in several):
        return Scored(done, 0.0, 0.0, 1.0, at_least, "not run")
    scores = list(means(done).values())
    mean, (low, high) = sum(scores) / len(scores), score_interval(scores)
    enough = at_least is None or (high if by_chance else mean) >= at_least
    return Scored(done, mean, low, high, at_least, "passed" if enough else "failed")


def _told(several: Sequence[Evaluated]) -> str:
    worst = min(several, key=lambda one: -1.0 if one.score is None else one.score)
    parts = [worst.output and repr(worst.output), worst.feedback]
    return " - ".join(" ".join(part.split())[:_LONG] for part in parts if part)


def _beside(guide: str, here: Path) -> str:
    file, colon, _ = guide.rpartition(":")
    return str(here / guide) if colon and file.endswith(".py") else guide


def _cassette_path(file: Path, test: str) -> Path:
    name = re.sub(r"[^\w.-]+", "-", test).strip("-")
    return file.parent / "cassettes" / file.stem.removeprefix("test_") / f"{name}.json"

"""A patched workflow loaded and run again, in a process of its own, against what was measured."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph import runs
from tracegraph.errors import TracegraphError
from tracegraph.runs.payload import encode
from tracegraph.training.errors import TrainingError
from tracegraph.training.patch import same_value

if TYPE_CHECKING:
    from tracegraph.training.review import Review, Tried

_EXAMPLES = 5
_NOTHING = 1e-9
_SHOWN = 2000  # characters of what the other process said


def recheck(store: runs.Store, review: Review, candidate: Tried, values: Mapping[str, Any]) -> str:
    """Return what was checked, in words.

    Args:
        store: where the run is.
        review: the run, whose workflow file now has other values.
        candidate: whose scores the file must reach.
        values: what the changed parameters must have.

    Raises:
        TrainingError: the file cannot be loaded, or does not behave as measured.
    """
    scores = _measured(store, review, candidate)
    request = {
        "store": str(store.path),
        "run": review.run.id,
        "values": dict(values),
        "scores": scores,
    }
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "asked.json", Path(folder) / "answered.json"
        asked.write_text(encode(request), encoding="utf-8")
        command = [sys.executable, "-m", "tracegraph.training.recheck", str(asked), str(answered)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if not answered.exists():
            said = (done.stderr or done.stdout).strip()[-_SHOWN:]
            raise TrainingError(f"the file was put back: the patched one cannot be run: {said}")
        answer = json.loads(answered.read_text(encoding="utf-8"))
    if answer["problems"]:
        raise TrainingError(
            f"the file was put back: the patched one is not what was measured: "
            f"{'; '.join(answer['problems'])}"
        )
    # Models may answer differently from time to time; plain code must not.
    called = runs.call_totals(store, run=review.run.id).calls > 0
    differ = answer["different"]
    if len(differ) > (len(scores) // 2 if called else 0):
        raise TrainingError(
            f"the file was put back: {len(differ)} of {len(scores)} examples do not score as "
            f"measured: {'; '.join(differ)}"
        )
    same = len(scores) - len(differ)
    return (
        f"the parameters have the new values, and {same} of {len(scores)} examples score as "
        "measured"
    )


def _measured(store: runs.Store, review: Review, candidate: Tried) -> dict[str, float]:
    """Return the scores of a few examples, those of the proof if there was one."""
    rows = store.fetch(
        "SELECT task, avg(score) FROM evaluations WHERE candidate = ? AND score IS NOT NULL "
        "AND split = (SELECT split FROM evaluations WHERE candidate = ? ORDER BY "
        "CASE split WHEN 'test' THEN 0 WHEN 'validation' THEN 1 ELSE 2 END LIMIT 1) "
        "GROUP BY task ORDER BY min(id) LIMIT ?",
        [*[f"{review.run.id}:{candidate.name}"] * 2, _EXAMPLES],
    )
    return {row[0]: row[1] for row in rows}


async def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """Load the workflow and compare: what the other process does."""
    from tracegraph.models import Cache
    from tracegraph.models.scope import surround
    from tracegraph.training.evaluation import evaluate
    from tracegraph.training.job import Job

    with runs.Store(request["store"]) as store:
        run = runs.find_run(store, request["run"])
        # The file is meant to differ from the one that the run started with.
        now = hashlib.sha256(Job(run.config["spec"], "").source.read_bytes()).hexdigest()
        job = Job.from_run(replace(run, config={**run.config, "source_hash": now}))
        trainer = job.trainer(store)
        present = trainer.workflow.values
        problems = [
            f"{name} is {_short(present[name])}" if name in present else f"there is no {name}"
            for name, value in request["values"].items()
            if name not in present or not _same(name, value, present[name])
        ]
        different = []
        examples = [*trainer.splits.test, *trainer.splits.validation, *trainer.splits.train]
        cache = Cache(store.path.with_name("answers.db"))
        with surround(cache=cache):
            for example in examples:
                if problems or example.id not in request["scores"]:
                    continue
                done = await evaluate(
                    trainer.workflow,
                    {},
                    example,
                    trainer.guide,
                    flow=job.settings.flow,
                    timeout=job.settings.timeout,
                )
                if done.score is None:
                    problems.append(f"{example.id} cannot be run here: {done.feedback}")
                elif abs(done.score - request["scores"][example.id]) > _NOTHING:
                    before = request["scores"][example.id]
                    different.append(f"{example.id} scores {done.score:.3f}, not {before:.3f}")
        cache.close()
    return {"problems": problems, "different": different}


def _same(name: str, expected: Any, present: Any) -> bool:
    from tracegraph.training.code_text import same_code

    if name.startswith("__code_"):
        return same_code(str(expected), str(present))
    return same_value(expected, present)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def main() -> None:
    """Answer the request of a file into another file."""
    asked, answered = map(Path, sys.argv[1:3])
    try:
        answer = asyncio.run(_answer(json.loads(asked.read_text(encoding="utf-8"))))
    except TracegraphError as error:
        answer = {"problems": [str(error)], "different": []}
    answered.write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()

"""A job: everything that a run needs, as names and numbers that can be kept and read again."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph import runs
from tracegraph.errors import MissingExtraError
from tracegraph.models.budget import Amount, Budget
from tracegraph.training.data import load_examples, split
from tracegraph.training.errors import TrainingError
from tracegraph.training.settings import Settings
from tracegraph.training.workflow import Workflow, load_module, load_workflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracegraph.models import LLM
    from tracegraph.models.cache import Cache
    from tracegraph.training.guide import Guide
    from tracegraph.training.trainer import Trainer

_UNITS = {"tokens": 1, "calls": 1, "dollars": 1, "seconds": 1, "minutes": 60, "hours": 3600}
_AMOUNT = re.compile(r"(\w+)\s*=\s*(\d+(?:\.\d+)?)\s*([kKmM]?)$")
_FACTOR = {"": 1, "k": 1_000, "m": 1_000_000}


@dataclass(frozen=True, slots=True)
class Job:
    """What to improve, on what data, by whom, at what cost.

    Attributes:
        spec: the workflow, ``FILE.py`` or ``FILE.py:function``.
        data: the file of examples.
        guide: who judges: a name that ``make_guide`` knows, or ``FILE.py:function``; empty for
            the workflow file's own ``guide``, else "exact".
        optimizer: a name that ``optimizers.make`` knows.
        model: of workflow and optimizer, where they name none; empty for the default.
        optimizer_model: of the optimizer, if it is another one.
        inputs, expected, id, group: the columns of the data; see ``load_examples``.
        fractions: of train, validation and test.
        limit: read only so many examples.
        budget: limits by kind: tokens, dollars, calls, seconds.
        settings: how the run is to go.
        source_hash, data_hash: SHA-256 of both files, to notice changes.
    """

    spec: str
    data: str
    guide: str = ""
    optimizer: str = "hybrid"
    model: str = ""
    optimizer_model: str = ""
    inputs: tuple[str, ...] = ()
    expected: str | None = None
    id: str | None = None
    group: str | None = None
    fractions: tuple[float, float, float] = (0.4, 0.3, 0.3)
    limit: int | None = None
    budget: dict[str, float] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    source_hash: str = ""
    data_hash: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the job as plain values, with the present hashes of its files."""
        hashes = {"source_hash": _hash(self.source), "data_hash": _hash(Path(self.data))}
        return {**asdict(self), **hashes}

    @classmethod
    def from_run(cls, run: runs.Run) -> Job:
        """Return the job of a stored run.

        Raises:
            TrainingError: the run was not started from a job, or one of its files has changed.
        """
        if "spec" not in run.config:
            raise TrainingError(
                f"run {run.id} was not started from the command line; resume it with "
                "Trainer(…, run=…)"
            )
        known = {name: run.config[name] for name in cls.__slots__ if name in run.config}
        known["settings"] = Settings(**run.config["settings"])
        known["inputs"], known["fractions"] = tuple(known["inputs"]), tuple(known["fractions"])
        job = cls(**known)
        for name, path in (("source_hash", job.source), ("data_hash", Path(job.data))):
            if _hash(path) != getattr(job, name):
                raise TrainingError(
                    f"{path} has changed since run {run.id} was started, so what was measured no "
                    "longer holds: put it back, or start a new run"
                )
        return job

    @property
    def source(self) -> Path:
        """The file of the workflow."""
        name = self.spec if self.spec.endswith(".py") else self.spec.rpartition(":")[0]
        return Path(name)

    def trainer(
        self,
        store: runs.Store,
        *,
        cache: Cache | None = None,
        run: runs.Run | None = None,
        on_event: Callable[[str, dict[str, Any]], None] | None = None,
    ) -> Trainer:
        """Return the trainer of this job, for a new run or to go on with one.

        Raises:
            TracegraphError: a file, column, guide, optimizer or setting is wrong.
        """
        from tracegraph.optimizers import make
        from tracegraph.training.trainer import Trainer

        if self.model:
            # Clients that the workflow makes without a name use it.
            os.environ["TRACEGRAPH_MODEL"] = self.model
        workflow = load_workflow(self.spec)
        searches = self.optimizer in ("numeric", "hybrid") and _numbers(workflow)
        if searches and importlib.util.find_spec("numpy") is None:
            raise MissingExtraError("numeric", "numpy")  # not after the first step
        examples = load_examples(
            self.data,
            inputs=self.inputs or None,
            expected=self.expected,
            id=self.id,
            group=self.group,
            limit=self.limit,
        )
        splits = split(examples, fractions=self.fractions, seed=self.settings.seed)
        llm = self._llm()
        return Trainer(
            workflow,
            splits,
            guide_of(self.guide, self.source, llm=llm),
            make(self.optimizer, llm=llm),
            store=store,
            budget=self._budget(store, run),
            settings=self.settings,
            cache=cache,
            run=None if run is None else run.id,
            config=self.to_json(),
            on_event=on_event,
        )

    def _llm(self) -> LLM:
        from tracegraph.models import LLM

        return LLM(self.optimizer_model or self.model or None)

    def _budget(self, store: runs.Store, run: runs.Run | None) -> Budget:
        spent = None
        if run is not None:
            # Counted from the rows of the calls: exact, wherever the run was killed.
            totals = runs.call_totals(store, run=run.id)
            seconds = float(runs.load_state(store, run.id, "clock", 0.0))
            used = totals.prompt_tokens + totals.completion_tokens
            spent = Amount(used, totals.cost, totals.calls - totals.cached, seconds)
        tokens, calls = (self.budget.get(name) for name in ("tokens", "calls"))
        return Budget(
            name="run",
            spent=spent,
            tokens=None if tokens is None else int(tokens),
            calls=None if calls is None else int(calls),
            dollars=self.budget.get("dollars"),
            seconds=self.budget.get("seconds"),
        )


def _numbers(workflow: Workflow) -> bool:
    return any(p.kind in ("int", "float", "choice", "bool") for p in workflow.parameters.values())


def guide_of(name: str, source: Path | None, *, llm: LLM | None = None) -> Guide:
    """Return the guide of a name that ``make_guide`` knows, or of ``FILE.py:function``.

    Args:
        name: empty for the function ``guide`` of the workflow's file, else "exact".
        source: the workflow's file, where there is one.
        llm: who judges, where a model does.

    Raises:
        TracegraphError: there is none of that name.
    """
    from tracegraph.training.guides import make_guide

    if not name:
        own = None if source is None else getattr(load_module(source.resolve()), "guide", None)
        return make_guide(own if own is not None else "exact", llm=llm)
    file, colon, function = name.rpartition(":")
    if colon and file.endswith(".py"):
        found = getattr(load_module(Path(file).resolve()), function, None)
        if found is None:
            raise TrainingError(f"{file} has no {function} to judge with")
        return make_guide(found, llm=llm)
    return make_guide(name, llm=llm)


def parse_budget(text: str) -> dict[str, float]:
    """Return the limits of a text such as ``tokens=2M, minutes=12, dollars=1.50``.

    Raises:
        TrainingError: a part of it is no limit.
    """
    found: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _AMOUNT.match(part)
        if match is None or match[1] not in _UNITS:
            raise TrainingError(
                f"{part!r} is no limit: use tokens=, dollars=, calls=, seconds=, minutes= or "
                "hours=, as in --budget tokens=2M,minutes=12"
            )
        unit = "seconds" if match[1] in ("minutes", "hours") else match[1]
        found[unit] = float(match[2]) * _FACTOR[match[3].lower()] * _UNITS[match[1]]
    return found


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror}") from error

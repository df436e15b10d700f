"""A run without a model, for what shows runs: a workflow file, its data, a few proposals."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

from tracegraph.optimizers import Proposal, Step
from tracegraph.runs import Store
from tracegraph.training.job import Job
from tracegraph.training.result import Result
from tracegraph.training.settings import Settings
from tracegraph.training.trainer import Trainer

HOSTILE = "<script>alert('x')</script> </script></style>\"'><img src=x onerror=alert(1)>{{title}}"

WORKFLOW = '''"""Which messages cannot wait."""

import tracegraph as tg

WORDS = "down, stolen"  # what sounds urgent

words = tg.node(WORDS, name="words", trainable=True)
threshold = tg.Parameter(0.9, name="threshold", low=0, high=1)  # from here on: now


@tg.bundle(trainable=True)
def urgency(message, words):
    """How urgent a message is, from 0 to 1."""
    found = [word for word in words.split(", ") if word in message]
    return min(1.0, len(found) * 0.5)


@tg.bundle
def route(score, threshold):
    """Now or later."""
    return "now" if score >= threshold else "later"


def guide(output, expected):
    return float(output == expected), f"expected {expected}, got {output}"


def triage(message):
    """Say whether a message can wait."""
    return route(urgency(message, words), threshold)
'''

CODE = '''import re

def urgency(message, words):
    """How urgent a message is, from 0 to 1: whole words, in any case."""
    wanted = {word.strip().lower() for word in words.split(", ")}
    found = wanted & set(re.findall(r"[a-z]+", message.lower()))
    return min(1.0, len(found) * 0.5)
'''

LONG_WORDS = "down, outage, refund, stolen"


class FakeProposer:
    """Proposes these changes, each once, with all that a model may answer beside them."""

    name = "fake <model>"
    kinds = frozenset({"text", "code", "float"})

    def __init__(self) -> None:
        self.changes: list[dict[str, Any]] = [
            {"words": HOSTILE},
            {"threshold": 0.4},
            {"words": LONG_WORDS},
            {"threshold": 0.95},
            {"__code_urgency": CODE},
        ]

    def rounds(self, step: Step) -> int:
        return 1

    async def propose(self, step: Step) -> list[Proposal]:
        tried = [dict(trial.values) for trial in step.history]
        for change in self.changes:
            if {**step.values, **change} not in tried:
                return [
                    Proposal(
                        change,
                        self.name,
                        f"because of {HOSTILE}",
                        shown="the problem",
                        refused={"threshold": f"2 is too high {HOSTILE}"},
                        malformed=1,
                        tokens=120,
                    )
                ]
        return []


def make_files(folder: Path) -> tuple[Path, Path]:
    """Write the workflow and 320 labelled messages; return both paths."""
    source, data = folder / "triage.py", folder / "messages.jsonl"
    source.write_text(WORKFLOW, encoding="utf-8")
    subjects = ["The shop", "Our site", "My account", "The export", f"Page {HOSTILE}"]
    states = [
        ("is down", "now"), ("had an OUTAGE", "now"), ("needs a refund", "now"),
        ("was stolen", "now"), ("looks nice", "later"), ("is slow on mobile", "later"),
        ("asks for help", "later"), ("has a typo", "later"),
    ]  # fmt: skip
    rows = []
    for number, (subject, (state, label)) in enumerate(
        itertools.islice(itertools.cycle(itertools.product(subjects, states)), 320)
    ):
        said = "asks for a download" if state == "asks for help" and number % 3 == 0 else state
        rows.append({"message": f"{subject} {said}, case {number}", "label": label})
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return source, data


def make_trainer(folder: Path, store: Store, optimizer: Any = None, **settings: Any) -> Trainer:
    """Return the trainer of a run, as `tracegraph optimize` would make it."""
    source, data = make_files(folder)
    chosen = {"steps": 6, "count": 1, "strategy": "basic", "patience": 6, **settings}
    job = Job(f"{source}:triage", str(data), optimizer="numeric", settings=Settings(**chosen))
    made = job.trainer(store)
    return Trainer(
        made.workflow, made.splits, made.guide, optimizer or FakeProposer(),
        store=store, settings=job.settings, config=job.to_json(),
    )  # fmt: skip


def finish(folder: Path, store: Store, optimizer: Any = None, **settings: Any) -> Result:
    """Run it to its end."""
    return asyncio.run(make_trainer(folder, store, optimizer, **settings).train())

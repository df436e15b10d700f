"""Run the sample's training and die after some writes: python crashing.py STORE SEED WRITES [RUN].

SIGKILL: nothing is cleaned up, and what was queued for the disk is lost.
"""

import os
import random
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tracegraph import runs
from tracegraph.optimizers import make
from tracegraph.training.data import Example, split
from tracegraph.training.guides import make_guide
from tracegraph.training.ledger import Ledger
from tracegraph.training.settings import Settings
from tracegraph.training.trainer import Trainer
from tracegraph.training.workflow import load_workflow


def by_label(output, expected):
    return 0.7 * (output.strip("!<>") == expected) + 0.3 * (output == expected)


def die_after(writes):
    left = [writes]

    def wrap(name):
        original = getattr(Ledger, name)

        async def method(self, *args, **kwargs):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            await original(self, *args, **kwargs)

        setattr(Ledger, name, method)

    for name in ("keep_evaluation", "keep_proposals", "keep_candidate", "keep_decision"):
        wrap(name)


def main(path, seed, writes):
    if writes:
        die_after(writes)
    numbers = [random.Random(i).randrange(101) for i in range(120)]
    rows = [Example(f"e{i}", {"number": n}, "large" if n > 30 else "small")
            for i, n in enumerate(numbers)]  # fmt: skip
    workflow = load_workflow(str(Path(__file__).with_name("sample_workflow.py")))
    with runs.Store(path) as store:
        known = runs.list_runs(store)
        trainer = Trainer(
            workflow, split(rows, seed=seed), make_guide(by_label), make("numeric"), store=store,
            settings=Settings(steps=3, probe=24, concurrency=4, seed=seed),
            run=known[0].id if known else None,
        )  # fmt: skip
        trainer.train_sync()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

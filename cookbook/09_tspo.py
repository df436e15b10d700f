"""Teach a head which frames of a long video a question is about.

Run it: python cookbook/09_tspo.py [--steps 40]

Videos are rendered, encoded and decoded; a detector of the rendered events answers, no language
model. A training worth its name takes 500 steps: docs/video.md.

Needs: pip install 'tracegraph[video-torch]'
"""

import argparse
import tempfile
from pathlib import Path

import torch

from tracegraph.agents.tspo import Training, TrainSettings, compare, make_encoder, synthetic_splits


def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--steps", type=int, default=40)
    steps = options.parse_args(arguments).steps

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        splits = synthetic_splits(where / "data", make_encoder("handmade 64"), each=4, clips=10)
        settings = TrainSettings(
            steps=steps, questions=8, group=4, frames=6, heads=4, eval_every=steps,
            eval_questions=16,
        )  # fmt: skip
        training = Training(where / "head", splits, settings)
        training.run()
        found = compare(splits, training.head, ["uniform", "topk", "tspo"], 16, 6)
    for held_out, rows in found.items():
        print(f"held out: {held_out}")
        for selector, measured in rows.items():
            print(
                f"  {selector:<8} precision {measured.precision:.2f}, right {measured.accuracy:.2f}"
            )


if __name__ == "__main__":
    main()

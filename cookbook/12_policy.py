"""Train a policy by rewards: sampling, advantages, one packed row a group, LoRA, a checkpoint.

Run it: python cookbook/12_policy.py [--steps 12]

The model is a random one of two layers, so that this takes seconds; the reward is the share of
digits in what it says. `tracegraph train policy --task tools` trains SmolLM2: docs/policy.md.
Needs: pip install 'tracegraph[policy]'
"""

import argparse
import tempfile
from pathlib import Path

import torch

from tracegraph.policy import grpo, rloo
from tracegraph.policy.trainer.log import read
from tracegraph.policy.trainer.model import load_learner
from tracegraph.policy.trainer.settings import Settings
from tracegraph.policy.trainer.tasks import Problem, Task, one_turn
from tracegraph.policy.trainer.train import train


def digits(problem, text):
    return sum(c.isdigit() for c in text) / 6


def by_hand():
    """The mathematics, on one group of four completions."""
    rewards = torch.tensor([1.0, 0.0, 0.0, 1.0])
    group = torch.zeros(4, dtype=torch.long)
    print("rewards        ", rewards.tolist())
    print("grpo advantages", [round(a, 2) for a in grpo(rewards, group).tolist()])
    print("rloo advantages", [round(a, 2) for a in rloo(rewards, group).tolist()])


def main(arguments=None):
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--steps", type=int, default=12)
    steps = options.parse_args(arguments).steps

    torch.set_num_threads(1)
    by_hand()
    problems = tuple(Problem(str(i), (f"say {i}",), "") for i in range(9))
    task = Task("digits", problems[:3], problems[3:6], problems[6:], 6, one_turn(digits))
    settings = Settings(
        steps=steps, problems=3, rate=1e-2, rank=8, every=steps, rounds=1, enough=2.0
    )
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        trained = train(load_learner("tiny", rank=8), task, settings, out)
        rewards = [line["reward"] for line in read(out / "log.jsonl") if "reward" in line]
    print(f"reward by step: {' '.join(f'{r:.2f}' for r in rewards)}")
    print(f"held out, greedy: {trained.before:.2f} before, {trained.after:.2f} after")


if __name__ == "__main__":
    main()

"""Train a head by the rewards of the frames that it chooses (arXiv 2508.04369, section 3.3)."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from tracegraph.agents.tspo.checkpoint import CheckpointError, save_head
from tracegraph.agents.tspo.data import NeedleSet, Question, Splits
from tracegraph.agents.tspo.head import TemporalHead
from tracegraph.agents.tspo.measure import Measured, measure
from tracegraph.agents.tspo.policy import advantages, gumbel_topk, log_prob
from tracegraph.agents.tspo.rewards import RewardWeights, reward
from tracegraph.agents.tspo.selectors import make_selector
from tracegraph.agents.tspo.settings import TrainSettings
from tracegraph.agents.tspo.state import load_state, save_state

OnStep = Callable[[dict[str, Any]], None]


class Training:
    """One training in one folder; started again it goes on where it was.

    Every random draw comes from the seed and the number of the step, so a training that was cut
    off ends with the same weights as one that was not.

    Args:
        folder: gets ``log.jsonl`` (a line a step or measurement), ``state.safetensors`` and
            ``head.safetensors``.
        splits: what to train on and to measure.
        settings: see `TrainSettings`.
        on_step: told every line of the log.

    Raises:
        CheckpointError: the folder holds a training with other settings.
    """

    def __init__(
        self, folder: Path, splits: Splits, settings: TrainSettings, on_step: OnStep | None = None
    ) -> None:
        self.folder = folder
        self.splits = splits
        self.settings = settings
        self._tell = on_step or (lambda line: None)
        self.encoder = splits.train.encoder
        torch.manual_seed(settings.seed)
        self.head = TemporalHead(self.encoder.dim, settings.heads, settings.window)
        self.adam = torch.optim.Adam(self.head.parameters(), lr=settings.lr.start)
        self.step = 0
        self.seconds = 0.0
        self.weights = RewardWeights(settings.answer_weight, settings.temporal_weight)
        folder.mkdir(parents=True, exist_ok=True)
        self._resume()

    def run(self) -> list[dict[str, Any]]:
        """Train to the end and return the log."""
        if self.step == 0 and not self.log():
            self._measure()
        while self.step < self.settings.steps:
            self._write(self._one())
            if self.step % self.settings.eval_every == 0 or self.step == self.settings.steps:
                self._measure()
                self._save()
        save_head(self.head, self.folder / "head.safetensors", self.encoder.id)
        return self.log()

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the log."""
        path = self.folder / "log.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines()]

    def _one(self) -> dict[str, Any]:
        """Take one step."""
        started = time.perf_counter()
        with_ = self.settings
        asked = [
            self._question(self.step * with_.questions + number)
            for number in range(with_.questions)
        ]
        frames = torch.stack([torch.from_numpy(question.frames) for question in asked])
        text = torch.stack([torch.from_numpy(question.text) for question in asked])
        tau = with_.tau.at(self.step, with_.steps)
        for group in self.adam.param_groups:
            group["lr"] = with_.lr.at(self.step, with_.steps)
        self.head.train()
        logits = self.head(frames, text) / tau
        draw = torch.Generator().manual_seed(with_.seed * 1_000_003 + self.step)
        rewards = torch.zeros(with_.questions, with_.group)
        law = torch.zeros(with_.questions, with_.group)
        right = inside = 0.0
        for kind, k in (("needle", with_.frames), ("comprehensive", max(1, with_.frames // 2))):
            rows = [number for number, question in enumerate(asked) if question.kind == kind]
            if not rows:
                continue
            groups = logits[rows].unsqueeze(1).expand(-1, with_.group, -1)
            picked = gumbel_topk(groups.detach(), k, draw)
            law[rows] = log_prob(groups, picked, with_.law)
            for place, number in enumerate(rows):
                question = asked[number]
                for rollout in range(with_.group):
                    chosen = sorted(picked[place, rollout].tolist())
                    hits = [bool(question.inside[index]) for index in chosen]
                    good = question.answer(chosen)[0] == question.task.answer
                    rewards[number, rollout] = reward(good, hits, question.kind, self.weights)
                    right += good
                    inside += sum(hits) / len(hits)
        advantage, flat = advantages(rewards)
        # On-policy with one step a draw the ratio is 1, and its gradient that of the
        # log-probability; no clipping and no KL term, as in the released code.
        loss = -(advantage * law).mean()
        self.adam.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(
            self.head.parameters(), with_.clip_norm or float("inf")
        )
        self.adam.step()
        self.step += 1
        self.seconds += time.perf_counter() - started
        rollouts = with_.questions * with_.group
        return {
            "step": self.step,
            "reward": float(rewards.mean()),
            "answer": right / rollouts,
            "temporal": inside / rollouts,
            "zero_variance": float(flat.float().mean()),
            "gradient": float(norm),
            "tau": tau,
            "seconds": round(self.seconds, 2),
        }

    def _question(self, number: int) -> Question:
        """Return a question of training; its number decides the kind."""
        draw = random.Random(f"{self.settings.seed}/kind/{number}")
        whole = draw.random() < self.settings.comprehensive
        return (self.splits.whole if whole else self.splits.train).question(number)

    def _measure(self) -> None:
        self.head.eval()
        selector = make_selector("tspo", self.head)
        for name, split in _held_out(self.splits).items():
            found = measure(selector, split, self.settings.eval_questions, self.settings.frames)
            self._write({"step": self.step, "held_out": name, **asdict(found)})

    def _write(self, line: dict[str, Any]) -> None:
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        self._tell(line)

    def _save(self) -> None:
        told = {
            "step": self.step,
            "seconds": self.seconds,
            "settings": self.settings.told(),
            "encoder": self.encoder.id,
        }
        save_state(self.folder / "state.safetensors", self.head, self.adam, told)

    def _resume(self) -> None:
        path = self.folder / "state.safetensors"
        if not path.exists():
            (self.folder / "log.jsonl").unlink(missing_ok=True)
            return
        told = load_state(path, self.head, self.adam)
        mine = {"settings": self.settings.told(), "encoder": self.encoder.id}
        before = {"settings": told["settings"], "encoder": told["encoder"]}
        if json.dumps(mine, sort_keys=True) != json.dumps(before, sort_keys=True):
            changed = [
                key
                for key, value in self.settings.told().items()
                if told["settings"].get(key) != value
            ]
            raise CheckpointError(
                f"{self.folder} holds a training with other {', '.join(changed) or 'features'}: "
                "use another folder, or the same settings"
            )
        self.step, self.seconds = told["step"], told["seconds"]
        # Steps after the last save are taken again, and logged again.
        kept = [line for line in self.log() if line["step"] <= self.step]
        text = "".join(json.dumps(line) + "\n" for line in kept)
        (self.folder / "log.jsonl").write_text(text)


def compare(
    splits: Splits, head: TemporalHead, names: list[str], count: int, k: int
) -> dict[str, dict[str, Measured]]:
    """Return how selectors do on held-out clips and on held-out events, by name."""
    # Other questions than those that were measured during training.
    first = 10_000
    return {
        part: {
            name: measure(make_selector(name, head), questions, count, k, first=first)
            for name in names
        }
        for part, questions in _held_out(splits).items()
    }


def _held_out(splits: Splits) -> dict[str, NeedleSet]:
    return {"clips": splits.clips, "events": splits.events, "overview": splits.overview}

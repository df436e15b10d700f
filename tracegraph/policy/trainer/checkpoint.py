"""Checkpoints: the adapter, the optimizer, the place in the run; whole or not there.

A folder ``step-000010`` holds the adapter in peft's form (vLLM serves it as it is), the moments of
the optimizer as safetensors, the replay buffer if there is one, and ``state.json``. It is written
under another name and renamed, so a kill leaves the checkpoint before. No pickles.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch

from tracegraph.agents.replay import ReplayBuffer
from tracegraph.errors import TracegraphError
from tracegraph.policy.trainer.model import Learner

REPLAY = "replay.jsonl"
_KEPT = 2  # the newest, and one to fall back to


def save(
    folder: Path,
    learner: Learner,
    optimizer: Any,
    state: dict[str, Any],
    buffer: ReplayBuffer | None = None,
) -> Path:
    """Write the checkpoint of ``state["step"]``, drop old ones, and return its folder."""
    from safetensors.torch import save_file

    final = folder / f"step-{state['step']:06d}"
    partial = folder / f".{final.name}.part"
    shutil.rmtree(partial, ignore_errors=True)
    learner.model.save_pretrained(partial)
    moments = {
        f"{number}.{name}": value.contiguous()
        for number, kept in optimizer.state_dict()["state"].items()
        for name, value in kept.items()
    }
    save_file(moments, str(partial / "optimizer.safetensors"))
    if buffer is not None:
        buffer.save(partial / REPLAY)
    (partial / "state.json").write_text(json.dumps(state, indent=1) + "\n")
    for path in partial.rglob("*"):
        _sync(path)
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    _sync(folder)
    for old in checkpoints(folder)[:-_KEPT]:
        shutil.rmtree(old)
    return final


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a training, oldest first."""
    return sorted(path for path in folder.glob("step-*") if (path / "state.json").exists())


def restore(path: Path, learner: Learner, optimizer: Any) -> dict[str, Any]:
    """Put a checkpoint into a learner and its optimizer; return its state.

    Raises:
        TracegraphError: it is of another model or another rank.
    """
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    state: dict[str, Any] = json.loads((path / "state.json").read_text())
    values = load_file(str(path / "adapter_model.safetensors"))
    try:
        told = set_peft_model_state_dict(learner.model, values)
    except RuntimeError as error:
        raise TracegraphError(f"{path} is of another model or rank: {error}") from error
    if told.unexpected_keys:
        raise TracegraphError(f"{path} is of another model: {told.unexpected_keys[:3]} …")
    kept: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in load_file(str(path / "optimizer.safetensors")).items():
        number, _, name = key.partition(".")
        kept.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": kept})
    return state


def keep_best(checkpoint: Path, out: Path) -> None:
    """Copy a checkpoint to ``best``; a kill leaves the old one or none."""
    partial, final = out / ".best.part", out / "best"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(checkpoint, partial)
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

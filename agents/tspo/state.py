"""The state of a training on disk: tensors as safetensors, the rest as JSON beside them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tracegraph.agents.tspo.checkpoint import CheckpointError
from tracegraph.agents.tspo.head import TemporalHead


def save_state(
    path: Path, head: TemporalHead, adam: torch.optim.Adam, told: dict[str, Any]
) -> None:
    """Write everything that the next step depends on, all or nothing."""
    tensors = {f"head/{name}": value.contiguous() for name, value in head.state_dict().items()}
    for number, slots in adam.state_dict()["state"].items():
        for name, value in slots.items():
            tensors[f"adam/{number}/{name}"] = value.contiguous()
    part = path.with_suffix(".part")
    save_file(tensors, str(part), metadata={"state": json.dumps(told)})
    os.replace(part, path)


def load_state(path: Path, head: TemporalHead, adam: torch.optim.Adam) -> dict[str, Any]:
    """Fill a head and its optimizer, and return what was told when it was saved.

    Raises:
        CheckpointError: the file is of another training.
    """
    with safe_open(str(path), framework="pt") as opened:
        told: dict[str, Any] = json.loads((opened.metadata() or {}).get("state", "{}"))
        names = list(opened.keys())
        tensors = {name: opened.get_tensor(name) for name in names}
    weights = {n.removeprefix("head/"): v for n, v in tensors.items() if n.startswith("head/")}
    try:
        head.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{path} is of a head of another shape: {error}") from error
    slots: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("adam/"):
            _, number, slot = name.split("/")
            slots.setdefault(int(number), {})[slot] = value
    adam.load_state_dict({**adam.state_dict(), "state": slots})
    return told

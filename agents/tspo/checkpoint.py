"""Weights of the head on disk: the project's own files, and the layout of TSPO-0.4B."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tracegraph.agents.tspo.head import TemporalHead
from tracegraph.errors import TracegraphError

# The names of the published model and ours. It is a CLIP model with the head under "selector".
_PUBLISHED = {
    "temporal.Self_q": "query",
    "temporal.Self_k": "key",
    "temporal.Self_v": "value",
    "mlp.0": "first",
    "mlp.2": "second",
}
_UNUSED = "temporal.ffn_o"  # built there, and never called


class CheckpointError(TracegraphError):
    """A file does not hold the weights of a head."""


def save_head(head: TemporalHead, path: str | Path, encoder: str) -> None:
    """Write a head and which encoder's features it is for."""
    told = {
        "format": "tracegraph.tspo.head/1",
        "heads": str(head.heads),
        "window": str(head.window),
        "encoder": encoder,
    }
    tensors = {name: value.detach().contiguous() for name, value in head.state_dict().items()}
    save_file(tensors, str(path), metadata=told)


def load_head(path: str | Path, *, window: int | None = None) -> tuple[TemporalHead, str]:
    """Return a head and the id of its encoder, from our file or from TSPO-0.4B's.

    Args:
        path: a safetensors file, or a folder that holds ``model.safetensors``.
        window: frames of attention, where the file does not say: the published one used 12.

    Raises:
        CheckpointError: it is neither.
    """
    file = Path(path)
    file = file / "model.safetensors" if file.is_dir() else file
    try:
        with safe_open(str(file), framework="pt") as opened:
            told = opened.metadata() or {}
            # Of a whole CLIP model only the head is read.
            wanted = [
                name
                for name in opened.keys()  # noqa: SIM118 - this object is no mapping
                if told.get("format", "").startswith("tracegraph") or name.startswith("selector.")
            ]
            state = {name: opened.get_tensor(name) for name in wanted}
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file} cannot be read as safetensors: {error}") from error
    if told.get("format", "").startswith("tracegraph"):
        dim = state["query.weight"].shape[0]
        head = TemporalHead(dim, int(told["heads"]), window or int(told["window"]))
        head.load_state_dict(state)
        return head, told["encoder"]
    return from_published(state, window=window or 12), "clip openai/clip-vit-large-patch14"


def from_published(state: Mapping[str, Tensor], *, window: int = 12) -> TemporalHead:
    """Return the head of a state dict in the layout of TSPO-0.4B.

    Raises:
        CheckpointError: parts are missing, left over, or of other shapes.
    """
    found: dict[str, Tensor] = {}
    strange: list[str] = []
    for name, value in state.items():
        if not name.startswith("selector."):
            continue
        part, _, kind = name.removeprefix("selector.").rpartition(".")
        if part in _PUBLISHED:
            found[f"{_PUBLISHED[part]}.{kind}"] = value
        elif part != _UNUSED:
            strange.append(name)
    if "query.weight" not in found:
        raise CheckpointError("there is no selector.temporal.Self_q.weight: this is no TSPO model")
    head = TemporalHead(found["query.weight"].shape[0], window=window)
    expected = head.state_dict()
    missing = sorted(expected.keys() - found.keys())
    wrong = [
        f"{name} {tuple(value.shape)}"
        for name, value in found.items()
        if name in expected and value.shape != expected[name].shape
    ]
    if missing or strange or wrong:
        raise CheckpointError(
            f"this is not the layout of TSPO-0.4B: missing {missing}, unknown {strange}, of other "
            f"shapes {wrong}"
        )
    head.load_state_dict({name: value.float() for name, value in found.items()})
    return head

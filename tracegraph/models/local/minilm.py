"""all-MiniLM-L6-v2 in numpy: embeddings without a large framework."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tracegraph.errors import MissingExtraError
from tracegraph.models.local.files import pull
from tracegraph.models.local.progress import reporter

_HEADS = 12
_LAYERS = 6
_LONGEST = 256  # tokens; the model was trained on no more
_BATCH = 32
_EPSILON = 1e-12


def embed_texts(texts: list[str]) -> tuple[list[list[float]], int]:
    """Return an embedding of 384 numbers and length 1 for each text, and the tokens read.

    Texts beyond 256 tokens are cut. Source: sentence-transformers/all-MiniLM-L6-v2.
    """
    np = _numpy()
    weights, tokenizer = _model()
    encoded = [tokenizer.encode(text).ids[:_LONGEST] for text in texts]
    vectors: list[list[float]] = [[] for _ in texts]
    # Texts of like length together: padding is wasted work.
    order = sorted(range(len(texts)), key=lambda index: len(encoded[index]))
    for begin in range(0, len(order), _BATCH):
        batch = order[begin : begin + _BATCH]
        longest = max(len(encoded[index]) for index in batch)
        ids = np.zeros((len(batch), longest), np.int64)
        mask = np.zeros((len(batch), longest), np.float32)
        for row, index in enumerate(batch):
            ids[row, : len(encoded[index])] = encoded[index]
            mask[row, : len(encoded[index])] = 1
        for index, vector in zip(batch, _forward(weights, ids, mask), strict=True):
            vectors[index] = vector.tolist()
    return vectors, sum(map(len, encoded))


def _forward(w: dict[str, Any], ids: Any, mask: Any) -> Any:
    np = _numpy()
    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
    x = x + w["embeddings.token_type_embeddings.weight"][0]
    x = _norm(x, w, "embeddings.LayerNorm")
    hidden = (1 - mask)[:, None, None, :] * np.float32(-1e9)
    for number in range(_LAYERS):
        at = f"encoder.layer.{number}"
        q, k, v = (
            _split(_linear(x, w, f"{at}.attention.self.{name}"))
            for name in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(q.shape[-1])) + hidden
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = scores / scores.sum(-1, keepdims=True) @ v
        mixed = mixed.transpose(0, 2, 1, 3).reshape(x.shape)
        x = _norm(
            x + _linear(mixed, w, f"{at}.attention.output.dense"),
            w,
            f"{at}.attention.output.LayerNorm",
        )
        inner = _gelu(_linear(x, w, f"{at}.intermediate.dense"))
        x = _norm(x + _linear(inner, w, f"{at}.output.dense"), w, f"{at}.output.LayerNorm")
    pooled = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
    return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


def _linear(x: Any, w: dict[str, Any], name: str) -> Any:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def _norm(x: Any, w: dict[str, Any], name: str) -> Any:
    x = x - x.mean(-1, keepdims=True)
    scale = (x * x).mean(-1, keepdims=True) + _EPSILON
    return x / scale**0.5 * w[f"{name}.weight"] + w[f"{name}.bias"]


def _split(x: Any) -> Any:
    batch, length, width = x.shape
    return x.reshape(batch, length, _HEADS, width // _HEADS).transpose(0, 2, 1, 3)


def _gelu(x: Any) -> Any:
    # erf after Abramowitz and Stegun 7.1.26, right to 1.5e-7: numpy has none.
    np = _numpy()
    z = x / np.float32(2**0.5)
    t = 1 / (1 + np.float32(0.3275911) * np.abs(z))
    poly = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    erf = np.sign(z) * (1 - poly * np.exp(-z * z))
    return (x * (1 + erf) / 2).astype(np.float32)


@functools.lru_cache(maxsize=1)
def _model() -> tuple[dict[str, Any], Any]:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtraError("local", "tokenizers") from error
    _numpy()
    with reporter() as progress:
        folder = pull("minilm", progress)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_LONGEST)
    return dict(_tensors(folder / "model.safetensors")), tokenizer


def _tensors(path: Path) -> Iterator[tuple[str, Any]]:
    # safetensors: eight bytes of header length, a JSON header, then the numbers.
    np = _numpy()
    with path.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(length))
    data = np.memmap(path, np.uint8, "r", offset=8 + length)
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            begin, end = entry["data_offsets"]
            yield name, data[begin:end].view(np.float32).reshape(entry["shape"])


def _numpy() -> Any:
    try:
        import numpy as np
    except ImportError as error:
        raise MissingExtraError("local", "numpy") from error
    return np

"""The model that learns: weights with a LoRA adapter, and the text side of its tokens."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from tracegraph.errors import MissingExtraError, TracegraphError

__all__ = ["load_learner", "with_adapter", "tiny", "Learner", "Codec", "Bytes", "Chat"]


class Codec(Protocol):
    """Texts to tokens and back; each text is encoded once, and what was sampled never again."""

    stop: frozenset[int]

    def encode(self, turns: Sequence[str]) -> list[int]:
        """Return the tokens of a conversation: the user's turn, the model's, …, the user's."""

    def between(self, observation: str, *, ended: bool) -> list[int]:
        """Return the tokens that stand between an answer and the next one.

        Args:
            observation: what the user's side says.
            ended: whether the answer has its last token; one that was cut off gets it here.
        """

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of an answer, without what ends it."""


class Bytes:
    """One token a byte, 256 ends an answer: for models of tests."""

    stop = frozenset({256})

    def encode(self, turns: Sequence[str]) -> list[int]:
        """Return the bytes of the turns, a line each."""
        return list("\n".join(turns).encode())

    def between(self, observation: str, *, ended: bool) -> list[int]:
        """Return the bytes of the observation on a line of its own."""
        return [*([] if ended else self.stop), *f"\n{observation}\n".encode()]

    def decode(self, ids: Sequence[int]) -> str:
        """Return what the bytes say."""
        return bytes(i for i in ids if i < 256).decode(errors="replace")


class Chat:
    """The tokenizer of a model, with its chat template."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.stop = frozenset({tokenizer.eos_token_id})

    def encode(self, turns: Sequence[str]) -> list[int]:
        """Return the tokens of the turns and of the beginning of the answer."""
        return self._ids(self._filled(turns))

    def between(self, observation: str, *, ended: bool) -> list[int]:
        """Return the tokens that the template puts after an answer, up to the next one."""
        mark = "\x00"  # an answer that no observation holds
        behind = self._filled(("?", mark, observation)).rpartition(mark)[2]
        ids = self._ids(behind)
        return ids[1:] if ended and ids[0] in self.stop else ids

    def _filled(self, turns: Sequence[str]) -> str:
        messages = [
            {"role": ("user", "assistant")[number % 2], "content": turn}
            for number, turn in enumerate(turns)
        ]
        filled: str = self._tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        return filled

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))


@dataclass(frozen=True, slots=True)
class Learner:
    """A model of peft with one adapter, and its codec."""

    model: Any
    codec: Codec

    @property
    def weights(self) -> list[Any]:
        """The parameters that learn, in the order of the model."""
        return [p for p in self.model.parameters() if p.requires_grad]


def load_learner(model: str, *, rank: int = 16, seed: int = 0) -> Learner:
    """Return a model with a fresh adapter on all linear layers.

    Args:
        model: ``tiny`` (two random layers over bytes), a name of ``tracegraph models list`` that
            has a transformers form, or a folder in that form. Weights are bf16, the adapter fp32.
        rank: of the adapter; its alpha is twice that.
        seed: of the adapter's first values.

    Raises:
        TracegraphError: there is no such model here.
    """
    _need("transformers")
    _need("peft")
    if model == "tiny":
        return with_adapter(tiny(), Bytes(), rank=rank, seed=seed)
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # a second of reading needs none
    folder = _folder(model)
    base = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.bfloat16, attn_implementation="sdpa"
    )
    codec = Chat(AutoTokenizer.from_pretrained(folder))
    return with_adapter(base, codec, rank=rank, seed=seed)


def with_adapter(base: Any, codec: Codec, *, rank: int, seed: int) -> Learner:
    """Return the model with a fresh adapter; the base stays as it is."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear",
        task_type="CAUSAL_LM",
    )  # fmt: skip
    with warnings.catch_warnings():
        # Of what peft asks transformers; nothing that a user could change.
        warnings.simplefilter("ignore", FutureWarning)
        model = get_peft_model(base, config)
    model.eval()  # there is no dropout; sampling and training are the same function
    return Learner(model, codec)


def tiny(vocabulary: int = 257, width: int = 64, seed: int = 0) -> Any:
    """Return a random Llama of two layers, in fp32: what CI trains."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=2 * width,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=512, bos_token_id=None, eos_token_id=256,
        initializer_range=0.1,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def _folder(model: str) -> Path:
    path = Path(model).expanduser()
    if (path / "config.json").exists():
        return path
    from tracegraph.models.local.catalog import CATALOG
    from tracegraph.models.local.files import hf_dir

    if any(entry.name == model for entry in CATALOG):
        from tracegraph.models.vllm.weights import transformers_dir

        folder = hf_dir(model)
        return folder if (folder / "config.json").exists() else transformers_dir(model)
    raise TracegraphError(
        f"{model!r} is no model that can be trained here: give tiny, a folder in transformers' "
        "form, or a name such as smollm2 (tracegraph models pull smollm2 --format hf)"
    )


def _need(module: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise MissingExtraError("policy", module)

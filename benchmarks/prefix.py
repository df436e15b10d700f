"""The shared-prefix forward beside the plain one: time, and equality in fp32.

    python -m benchmarks.prefix [--model smollm2] [--repeats 3] [--threads 1]

Forward and backward of one group, the variants in turn; medians. ``base`` repeats the prompt for
every completion, ``packed`` reads it once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZES = [(512, 8, 64), (64, 8, 16)]


def load(model: str, dtype: Any) -> Any:
    import torch

    if model == "tiny":
        from tracegraph.policy.trainer.model import tiny

        return tiny().to(dtype)
    from transformers import AutoModelForCausalLM

    from tracegraph.models.vllm.weights import transformers_dir

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_pretrained(transformers_dir(model), dtype=dtype)


def base(model: Any, prompt: list[int], completions: list[list[int]]) -> Any:
    import torch

    from tracegraph.policy.prefix import chosen

    ids = torch.tensor([prompt + completion for completion in completions])
    keep = torch.arange(len(prompt) - 1, ids.shape[1] - 1)
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=keep).logits.float()
    return chosen(logits, ids[:, len(prompt) :]).flatten()


def packed(model: Any, prompt: list[int], completions: list[list[int]]) -> Any:
    import torch

    from tracegraph.policy import pack, packed_logprobs

    return torch.cat(packed_logprobs(model, pack(prompt, completions)))


def a_group(vocabulary: int, first: int, many: int, length: int) -> tuple[Any, Any]:
    import torch

    torch.manual_seed(1)
    prompt = torch.randint(0, vocabulary, (first,)).tolist()
    return prompt, torch.randint(0, vocabulary, (many, length)).tolist()


def a_text(model: str, first: int, many: int, length: int) -> tuple[Any, Any]:
    """Return a group of pieces of natural text: on random tokens a model is far from itself."""
    from transformers import AutoTokenizer

    from tracegraph.models.vllm.weights import transformers_dir

    text = "".join(path.read_text() for path in sorted(Path("docs").glob("*.md")))
    tokenizer = AutoTokenizer.from_pretrained(transformers_dir(model))
    ids = tokenizer.encode(text[: 40 * (first + many * length)])
    pieces = [ids[first + i * length : first + (i + 1) * length] for i in range(many)]
    return ids[:first], pieces


def clock(model: Any, forward: Callable[..., Any], group: tuple[Any, Any]) -> tuple[float, float]:
    """Return seconds on the wall and of CPU for one forward and backward."""
    model.zero_grad(set_to_none=True)
    wall, cpu = time.perf_counter(), time.process_time()
    forward(model, *group).mean().backward()
    return time.perf_counter() - wall, time.process_time() - cpu


def equality(model: Any, group: tuple[Any, Any]) -> dict[str, float]:
    """Return the largest differences of log-probabilities and gradients, both in fp32."""
    import torch

    found = []
    for forward in (base, packed):
        model.zero_grad(set_to_none=True)
        logps = forward(model, *group)
        logps.mean().backward()
        gradients = torch.cat([p.grad.flatten() for p in model.parameters()])
        found.append((logps.detach(), float(logps.mean().detach()), gradients))
    (a, loss_a, g_a), (b, loss_b, g_b) = found
    return {
        "logps": float((a - b).abs().max()), "loss": abs(loss_a - loss_b),
        "gradient": float((g_a - g_b).abs().max()), "largest gradient": float(g_a.abs().max()),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only-equality", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    model = load(options.model, torch.bfloat16)
    vocabulary = model.config.vocab_size
    rows: list[dict[str, Any]] = []
    for size in [] if options.only_equality else SIZES:
        group = a_group(vocabulary, *size)
        took: dict[str, list[tuple[float, float]]] = {"base": [], "packed": []}
        for repeat in range(options.repeats + 1):
            for name, forward in (("base", base), ("packed", packed)):
                measured = clock(model, forward, group)
                if repeat:  # the first warms up
                    took[name].append(measured)
        median = {
            name: [statistics.median(column) for column in zip(*each, strict=True)]
            for name, each in took.items()
        }
        rows.append({"size": size, **median, "faster": median["base"][1] / median["packed"][1]})
    del model
    odd = (131, 5, 29)
    group = a_group(vocabulary, *odd) if options.model == "tiny" else a_text(options.model, *odd)
    exact = equality(load(options.model, torch.float32), group)
    if options.json:
        print(json.dumps({"rows": rows, "equality": exact}))
        return
    print(f"{options.model}, bf16, {options.threads} thread(s), medians of {options.repeats}")
    print("| prompt, completions, length | base, CPU s (wall) | packed, CPU s (wall) | faster |")
    print("|---|---|---|---|")
    for row in rows:
        cells = [f"{row[name][1]:.2f} ({row[name][0]:.2f})" for name in ("base", "packed")]
        print(f"| {row['size']} | {cells[0]} | {cells[1]} | {row['faster']:.2f}x |")
    print("fp32, prompt 131, 5 completions of 29, largest differences: "
          + ", ".join(f"{name} {value:.1e}" for name, value in exact.items()))  # fmt: skip


if __name__ == "__main__":
    main()

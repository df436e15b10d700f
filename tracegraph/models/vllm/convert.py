"""A GGUF file to a folder in transformers' form, for vLLM and for training.

Run by the interpreter of an environment with torch, transformers and gguf:
`python convert.py MODEL.gguf FOLDER`. It imports nothing of tracegraph.
"""

from __future__ import annotations

import sys
from pathlib import Path


def convert(source: Path, folder: Path) -> None:
    """De-quantise a GGUF file and write model, configuration, tokenizer and chat template."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    where = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    tokenizer = AutoTokenizer.from_pretrained(**where)
    loaded = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.bfloat16)
    # The loaded model is marked as quantised and refuses to be saved: its weights go into a
    # fresh one, whose configuration does not mention quantisation.
    config = AutoConfig.from_pretrained(**where)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.architectures = [type(loaded).__name__]
    config.dtype = torch.bfloat16
    fresh = type(loaded)(config).to(torch.bfloat16)
    fresh.load_state_dict(loaded.state_dict())
    fresh.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    print(f"{folder}: {sum(p.numel() for p in fresh.parameters()):,} parameters")


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))

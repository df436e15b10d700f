"""A model as a folder in transformers' form."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tracegraph.models.errors import ModelError, ServerError
from tracegraph.models.local.catalog import CATALOG, find
from tracegraph.models.local.fetch import Progress, silent
from tracegraph.models.local.files import hf_dir, pull
from tracegraph.models.vllm import convert, environment


def transformers_dir(name: str, progress: Progress = silent) -> Path:
    """Return a catalog model's folder in transformers' form, made from its GGUF if missing.

    The weights are those of the GGUF file, de-quantised to bf16. The environment of vLLM does
    the work: this one need not have torch.

    Raises:
        ServerError: there is no environment with torch, or the conversion failed.
    """
    folder = hf_dir(name)
    if (folder / "config.json").exists():
        return folder
    source = pull(name, progress)
    if source.suffix != ".gguf":
        raise ModelError(f"{name} is no GGUF model: it has no transformers form")
    python = environment.require()
    partial = folder.with_name(f"{folder.name}.part")
    result = subprocess.run(
        [str(python), convert.__file__, str(source), str(partial)],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0 or not (partial / "config.json").exists():
        raise ServerError(f"{source} could not be converted:\n{result.stderr[-2000:]}")
    partial.replace(folder)
    return folder


def model_argument(model: str, progress: Progress = silent) -> tuple[str, str]:
    """Return what vLLM is given as the model, and the short name under which it is served.

    Args:
        model: a name of the catalog, a folder, or a name of the hub.
        progress: told about a download.
    """
    if _in_catalog(model):
        return str(transformers_dir(model, progress)), model
    path = Path(model).expanduser()
    if path.is_dir():
        return str(path.absolute()), path.absolute().name
    if model.startswith((".", "/", "~")):
        raise ModelError(f"there is no folder {path}; give a folder in transformers' form")
    if "/" not in model:
        known = ", ".join(entry.name for entry in CATALOG)
        raise ModelError(
            f"there is no model {model}: give a folder in transformers' form, OWNER/NAME of the"
            f" hub, or one of {known}"
        )
    return model, model.rsplit("/", 1)[-1]


def hub_argument(model: str) -> tuple[str, str]:
    """Return the same for another machine: for a name of the catalog, its repository's name."""
    if _in_catalog(model):
        return find(model).origin, model
    return model, model.rstrip("/").rsplit("/", 1)[-1]


def _in_catalog(name: str) -> bool:
    return any(entry.name == name for entry in CATALOG)

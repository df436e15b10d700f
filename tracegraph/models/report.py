"""What `tracegraph doctor` says about models."""

from __future__ import annotations

import importlib.util

from tracegraph.models.local import engine
from tracegraph.models.local.files import listed, present
from tracegraph.models.local.sizing import available_bytes, cores
from tracegraph.models.local.state import all_states
from tracegraph.models.names import default_model
from tracegraph.models.paths import cache_dir
from tracegraph.models.vllm import environment
from tracegraph.models.vllm.replica import replicas


def report() -> list[tuple[str, bool, str]]:
    """Return what there is to say about models: a title, whether it is fine, and a text.

    Nothing is started or fetched for it. What is not fine carries its remedy.
    """
    extra = importlib.util.find_spec("xllamacpp") is not None
    here = ", ".join(model.name for model in listed() if model.here) or "none"
    running = [f"{state.engine} at {state.url}" for state in all_states().values()]
    running += [f"vllm at {replica.url} ({replica.name})" for replica in replicas()]
    why_not = engine.obstacle()
    measured = engine.remembered()
    setting = engine.setting()
    choice = (
        f"set to {setting}"
        if setting is not None
        else "llama.cpp; compare with: tracegraph models measure"
        if measured is None
        else measured.describe()
    )
    return [
        ("default model", True, default_model()),
        (
            "embedded model",
            extra and present(),
            "ready"
            if extra and present()
            else "tracegraph models pull (1.1 GB)"
            if extra
            else "pip install 'tracegraph[local]'",
        ),
        ("model files", True, f"{here} in {cache_dir()}"),
        ("machine", True, f"{cores()} cores, {available_bytes() >> 30} GB of memory free"),
        (
            "vLLM",
            True,
            "ready" if why_not is None else f"not for the embedded model: {why_not}",
        ),
        ("vLLM's Python", True, str(environment.interpreter() or "none")),
        ("engine of `local`", True, choice),
        ("model servers", True, ", ".join(running) or "none"),
    ]

"""The models' parts of `tracegraph doctor`: what answers here, and which engine `local` takes."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from tracegraph.models.local import engine, files, sizing
from tracegraph.models.local.state import all_states
from tracegraph.models.names import default_model
from tracegraph.models.vllm import environment
from tracegraph.models.vllm.replica import replicas

if TYPE_CHECKING:
    from collections.abc import Iterator

    Finding = tuple[bool, str, str]


def models() -> Iterator[Finding]:
    """Yield (whether it is there, what it is, how to get it) for each part."""
    yield True, f"LLM() without a name is {default_model()}", ""
    yield (
        importlib.util.find_spec("xllamacpp") is not None,
        "llama.cpp (xllamacpp), which serves the embedded model",
        "pip install 'tracegraph[local]'",
    )
    for model in files.listed():
        about = f"{model.name}: {model.about}, {model.size >> 20} MB"
        yield model.here, about, f"tracegraph models pull {model.name}; else at the first use"
    servers = [f"{state.model} at {state.url}" for state in all_states().values()]
    servers += [f"{replica.name} at {replica.url} (vLLM)" for replica in replicas()]
    if servers:
        yield True, f"servers that run: {', '.join(servers)}", ""


def engines() -> Iterator[Finding]:
    """Yield what is known of the engines of `local`, and what follows for it."""
    size = sizing.choose(0)
    yield (
        True,
        f"llama.cpp would get {size.threads} of {sizing.cores()} cores and {size.slots} slots now",
        "",
    )
    found = environment.interpreter()
    yield (
        found is not None,
        f"vLLM ({found})" if found else "vLLM, for many calls at once",
        "pip install 'tracegraph[vllm]'" if environment.has_gpu() else "tracegraph serve setup",
    )
    if found is not None:
        obstacle = engine.obstacle()
        yield (
            obstacle is None,
            "vLLM can serve the embedded model" + (f": {obstacle}" if obstacle else ""),
            "see the reason; until then llama.cpp answers",
        )
    wanted = engine.setting()
    if wanted is not None:
        yield True, f"`local` is {wanted}, as TRACEGRAPH_LOCAL_ENGINE says", ""
        return
    measured = engine.remembered()
    if measured is not None:
        yield True, f"`local`: {measured.describe()}".replace("\n", "\n       "), ""
    else:
        yield (
            False,
            "`local` is llama.cpp: which engine is faster here has not been measured",
            "tracegraph models measure",
        )

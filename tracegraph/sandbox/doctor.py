"""The sandbox's part of `tracegraph doctor`: the layers here, what is missing, how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracegraph.sandbox.errors import SandboxUnavailable
from tracegraph.sandbox.layers import offers

if TYPE_CHECKING:
    from collections.abc import Iterator


def findings() -> Iterator[tuple[bool, str, str]]:
    """Yield (whether it is there, what it is, how to get it) for each layer and part."""
    found = offers()
    remedies = list(found.remedies())
    try:
        chosen = found.choose("auto", unsafe=False)
        yield True, f"code that a model wrote runs in the layer {chosen}", ""
    except SandboxUnavailable as error:
        yield False, "code that a model wrote is refused: nothing isolates it", str(error)
    works = found.works("bubblewrap")
    name = found.bwrap or "no program bwrap"
    reason = "" if works else f": {found.bubblewrap or 'not found'}"
    yield works, f"bubblewrap, all namespaces ({name}){reason}", remedies[0] if not works else ""
    yield (
        found.landlock > 0,
        f"Landlock, version {found.landlock}"
        + ("" if found.landlock >= 6 else " (6 also keeps signals and abstract sockets in)"),
        "" if found.landlock else remedies[-1],
    )
    yield (
        found.seccomp,
        "seccomp filters",
        "" if found.seccomp else "a Linux kernel on x86-64 or AArch64 with seccomp is needed",
    )
    yield (
        not found.mounts,
        "workspaces of limited size in memory" + (f": {found.mounts}" if found.mounts else ""),
        "allow user namespaces; until then workspaces are folders that are looked at often"
        if found.mounts
        else "",
    )
    yield (
        not found.cgroup,
        "control groups of version 2" + (f": {found.cgroup}" if found.cgroup else ""),
        "delegate a group with the controllers memory and pids (systemd-run --user --scope "
        "-p Delegate=yes …); until then memory and processes are counted by looking often"
        if found.cgroup
        else "",
    )
    yield (
        found.root,
        "programs get a uid of their own" if found.root else "programs have your uid",
        "" if found.root else "only root can hand out uids; the other layers do not depend on it",
    )

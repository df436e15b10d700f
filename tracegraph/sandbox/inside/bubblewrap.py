"""The command line of bubblewrap for one job."""

from __future__ import annotations

from typing import Any

WORKSPACE = "/workspace"
INSIDE = "/run/tracegraph"


def arguments(
    program: str,
    view: dict[str, Any],
    folders: dict[str, str],
    binds: list[tuple[str, str]],
    inner_fds: dict[str, int],
) -> list[str]:
    """Return the arguments, up to and including ``--``.

    ``view`` has uid, gid, hostname, environment, links (``[target, path]``) and home; ``folders``
    are the workspace's own (workspace, home, tmp, shm); ``binds`` are read-only; ``inner_fds``
    may name seccomp, info and block.
    """
    uid = str(view["uid"])
    made = [
        program,
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
        "--hostname", "sandbox",
        "--uid", uid,
        "--gid", uid,
        "--clearenv",
    ]  # fmt: skip
    for name, value in view["environment"].items():
        made += ["--setenv", name, value]
    made += [
        "--proc", "/proc",
        "--dev", "/dev",
        "--bind", folders["shm"], "/dev/shm",
        "--bind", folders["tmp"], "/tmp",
        "--bind", folders["home"], view["home"],
        "--bind", folders["workspace"], WORKSPACE,
    ]  # fmt: skip
    # After the folders, so that what is shown below /tmp or the home is not covered.
    for source, target in binds:
        made += ["--ro-bind", source, target]
    for target, path in view["links"]:
        made += ["--symlink", target, path]
    made += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORKSPACE]
    for name, option in (
        ("seccomp", "--seccomp"), ("info", "--info-fd"), ("block", "--block-fd")
    ):  # fmt: skip
        if name in inner_fds:
            made += [option, str(inner_fds[name])]
    return [*made, "--"]

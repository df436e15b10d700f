"""Workspaces: sized tmpfs mounts that only the keeper and its sandboxes see, else plain folders.

The mounts live in a mount namespace of the keeper's own. When it ends, however it ends, the
kernel takes them away and nothing is left on the disk.
"""

from __future__ import annotations

import contextlib
import os
import stat

from . import kernel

# Existing folders to mount over, in the keeper's own namespace; nobody else sees it.
_COVERED = ("/sys/kernel", "/mnt", "/srv", "/media")
_PREFIX = "tracegraph-sandbox-"
_INNER = ("workspace", "home", "tmp", "shm")


class Place:
    """One workspace: ``path`` and the folders in it, who owns it, how large it may be."""

    def __init__(self, path: str, uid: int | None, size: int, files: int, mounted: bool) -> None:
        self.path = path
        self.uid = uid
        self.size = size
        self.files = files
        self.mounted = mounted

    def inner(self, name: str) -> str:
        """Return the path of one of its folders: workspace, home, tmp, shm."""
        return f"{self.path}/{name}"

    def full(self) -> str:
        """Say what is used up (bytes or files), or return an empty text."""
        if self.mounted:
            room = os.statvfs(self.path)
            if room.f_bavail * room.f_bsize < 1 << 12:
                return f"the {self.size} bytes of the workspace are used up"
            return "" if room.f_ffree else f"the {self.files} files of the workspace are used up"
        size, files = usage(self.path)
        if size > self.size:
            return f"more than {self.size} bytes are in the workspace"
        return f"more than {self.files} files are in the workspace" if files > self.files else ""


class Places:
    """Makes and removes workspaces below one base folder."""

    def __init__(self, *, plain: bool) -> None:
        self.root = os.getuid() == 0
        self.why_plain = "plain folders were asked for" if plain else self._own_mounts()
        self.mounts = not self.why_plain
        self._lock = -1
        if self.mounts:
            self.base = next(path for path in _COVERED if os.path.isdir(path))
            kernel.mount("tmpfs", self.base, "tmpfs", _QUIET, "mode=711,size=4m,nr_inodes=4096")
        else:
            self.base, self._lock = _plain_base()
        self._count = 0

    def _own_mounts(self) -> str:
        uid, gid = os.getuid(), os.getgid()
        try:
            if uid == 0:
                kernel.unshare(kernel.CLONE_NEWNS)
            else:
                kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWUSER)
                for name, text in (
                    ("setgroups", "deny"),
                    ("uid_map", f"{uid} {uid} 1"),
                    ("gid_map", f"{gid} {gid} 1"),
                ):
                    with open(f"/proc/self/{name}", "w") as file:
                        file.write(text)
            kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
        except OSError as error:
            return f"no mount namespace of our own: {error.strerror}"
        return ""

    def write(self, name: str, text: str) -> str:
        """Write a small file that the sandboxes may read; return its path."""
        path = f"{self.base}/{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o644)
        return path

    def stage(self, source: str, number: int) -> str:
        """Return a path at which another user can reach ``source``, also below closed folders."""
        if not (self.root and self.mounts):
            return source
        target = f"{self.base}/bind{number}"
        _mount_point(target, like=source)
        kernel.mount(source, target, flags=kernel.MS_BIND | kernel.MS_REC)
        return target

    def open_ways(self, sources: list[str]) -> None:
        """Let another user reach the sources at their own paths, and nothing else on the way.

        A folder that is closed to others (as /root) is covered, in our own namespace, by an empty
        one in which only the sources appear.
        """
        if not (self.root and self.mounts):
            return
        closed: dict[str, list[str]] = {}
        for source in sources:
            if barrier := _first_closed(source):
                closed.setdefault(barrier, []).append(source)
        for barrier, below in closed.items():
            staged = [self.stage(source, 1000 + n) for n, source in enumerate(below)]
            kernel.mount("tmpfs", barrier, "tmpfs", _QUIET, "mode=755,size=1m")
            for source, aside in zip(below, staged, strict=True):
                _mount_point(source, like=aside)
                kernel.mount(aside, source, flags=kernel.MS_BIND | kernel.MS_REC)

    def make(self, size: int, files: int, uid: int | None) -> Place:
        """Make a workspace with the folders in it, owned by ``uid`` (None: by us)."""
        self._count += 1
        path = f"{self.base}/place{self._count}"
        os.mkdir(path, 0o711)
        if self.mounts:
            data = f"mode=711,size={size},nr_inodes={files + len(_INNER) + 1}"
            kernel.mount("tmpfs", path, "tmpfs", _QUIET, data)
        for name in _INNER:
            os.mkdir(f"{path}/{name}", 0o700)
            if uid is not None:
                os.chown(f"{path}/{name}", uid, uid)
        return Place(path, uid, size, files, self.mounts)

    def remove(self, place: Place) -> None:
        """Remove a workspace and all that is in it."""
        if place.mounted:
            kernel.unmount(place.path)
            os.rmdir(place.path)
        else:
            remove_tree(place.path)

    def close(self) -> None:
        """Remove everything."""
        if self.mounts:
            kernel.unmount(self.base)
        else:
            remove_tree(self.base)
            os.close(self._lock)


_QUIET = kernel.MS_NOSUID | kernel.MS_NODEV


def _mount_point(path: str, *, like: str) -> None:
    if os.path.isdir(like):
        os.makedirs(path, 0o755, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def _first_closed(path: str) -> str:
    """Return the first folder on the way to a path that others may not pass, or an empty text."""
    way = ""
    for part in os.path.realpath(path).split("/")[1:-1]:
        way += f"/{part}"
        if not os.stat(way).st_mode & stat.S_IXOTH:
            return way
    return ""


def usage(path: str) -> tuple[int, int]:
    """Return the bytes below a folder and the number of files and folders."""
    size = files = 0
    for folder, folders, names in os.walk(path):
        files += len(names) + len(folders)
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(folder, name)).st_blocks << 9
    return size, files


def remove_tree(path: str) -> None:
    """Remove a folder, also when what made it took permissions away; never follows a link."""
    import shutil

    # Folders without permissions would stop an ordinary user's rmtree.
    for folder, folders, _ in os.walk(path):
        for name in folders:
            full = os.path.join(folder, name)
            if not os.path.islink(full):
                with contextlib.suppress(OSError):
                    os.chmod(full, stat.S_IRWXU)
    shutil.rmtree(path, ignore_errors=True)


def _plain_base() -> tuple[str, int]:
    import tempfile

    _sweep(tempfile.gettempdir())
    while True:
        path = tempfile.mkdtemp(prefix=_PREFIX)
        os.chmod(path, 0o711)
        # Another keeper's sweep may come between the two lines above and this one.
        with contextlib.suppress(OSError):
            lock = _locked(path)
            if os.path.isdir(path):
                return path, lock
            os.close(lock)


def _locked(path: str) -> int:
    import fcntl

    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _sweep(folder: str) -> None:
    # What a keeper that was killed together with its program left behind.
    for entry in os.scandir(folder):
        if not entry.name.startswith(_PREFIX):
            continue
        with contextlib.suppress(OSError):
            if entry.stat(follow_symlinks=False).st_uid != os.getuid():
                continue
            descriptor = _locked(entry.path)
            remove_tree(entry.path)
            os.close(descriptor)

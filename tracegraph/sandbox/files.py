"""Files on their way in and out of a workspace, whose content the code may have arranged.

Every step opens by name within a folder that is already open and follows no link.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import stat
from typing import TYPE_CHECKING

from tracegraph.sandbox.errors import SandboxRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST = 32
_BLOCK = 1 << 20

# What tells whether a file is the one that was put in: inode, size, times in ns.
Mark = tuple[int, int, int, int]


def put(
    workspace: int, files: Mapping[str, bytes | str | os.PathLike[str]], uid: int | None
) -> dict[str, Mark]:
    """Write files into an open folder; return a mark of each.

    Values are bytes, text, or a path to copy from. Raises SandboxRefused for a name that would
    leave the folder or content that does not fit.
    """
    marks = {}
    for name, content in files.items():
        parts = _parts(name)
        try:
            with contextlib.ExitStack() as stack:
                folder = workspace
                for part in parts[:-1]:
                    folder = _made_folder(folder, part, uid)
                    stack.callback(os.close, folder)
                marks[name] = _write(folder, parts[-1], content, uid)
        except OSError as error:
            raise SandboxRefused(f"the file {name!r} cannot be put in: {error.strerror}") from error
    return marks


def collect(
    workspace: int,
    known: Mapping[str, Mark],
    patterns: Sequence[str],
    *,
    most: int,
    total: int,
    files: int,
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the files that are new or changed, and those that are refused with the reason.

    ``most`` bytes a file, ``total`` bytes and ``files`` in all.
    """
    taken: dict[str, bytes] = {}
    refused: dict[str, str] = {}
    left = total
    for name, folder, info in _walk(workspace, "", 0, refused):
        if len(taken) + len(refused) >= files:
            refused["…"] = f"there are more than {files} files"
            break
        if known.get(name) == _mark(info) or not _wanted(name, patterns):
            continue
        size = info.st_size
        if reason := _reason(info, most, left):
            refused[_shown(name)] = reason
            continue
        content = _read(folder, name.rpartition("/")[2], info, most)
        if isinstance(content, str):
            refused[_shown(name)] = content
        else:
            taken[_shown(name)] = content
            left -= size
    return taken, refused


def _parts(name: str) -> list[str]:
    parts = name.split("/")
    if not name or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise SandboxRefused(f"the file name {name!r} is not a relative path within the workspace")
    return parts


def _made_folder(parent: int, name: str, uid: int | None) -> int:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=parent)
        if uid is not None:
            os.chown(name, uid, uid, dir_fd=parent, follow_symlinks=False)
    return os.open(name, _FOLDER, dir_fd=parent)


def _write(
    folder: int, name: str, content: bytes | str | os.PathLike[str], uid: int | None
) -> Mark:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    with open(os.open(name, flags, 0o644, dir_fd=folder), "wb") as file:
        if isinstance(content, bytes):
            file.write(content)
        elif isinstance(content, str):
            file.write(content.encode("utf-8", "surrogateescape"))
        else:
            mode = 0o644
            with open(content, "rb") as source:
                mode |= os.fstat(source.fileno()).st_mode & 0o111
                while block := source.read(_BLOCK):
                    file.write(block)
            os.fchmod(file.fileno(), mode)
        file.flush()
        if uid is not None:
            os.fchown(file.fileno(), uid, uid)
        return _mark(os.fstat(file.fileno()))


def _walk(
    folder: int, prefix: str, depth: int, refused: dict[str, str]
) -> Iterator[tuple[str, int, os.stat_result]]:
    if depth > _DEEPEST:
        refused[_shown(prefix)] = f"it lies more than {_DEEPEST} folders deep"
        return
    for name in sorted(os.listdir(folder)):
        path = prefix + name
        try:
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISDIR(info.st_mode):
                yield path, folder, info
                continue
            inner = os.open(name, _FOLDER, dir_fd=folder)
        except OSError as error:
            refused[_shown(path)] = f"it cannot be read: {error.strerror}"
            continue
        try:
            yield from _walk(inner, path + "/", depth + 1, refused)
        finally:
            os.close(inner)


def _reason(info: os.stat_result, most: int, left: int) -> str:
    if stat.S_ISLNK(info.st_mode):
        return "it is a symbolic link"
    if not stat.S_ISREG(info.st_mode):
        return "it is no regular file"
    if info.st_nlink > 1:
        return "it has several names (hard links)"
    if info.st_size > most:
        return f"it is {info.st_size} bytes long; at most {most} are taken"
    if info.st_size > left:
        return "the files before it are as much as is taken in all"
    return ""


def _read(folder: int, name: str, seen: os.stat_result, most: int) -> bytes | str:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with open(os.open(name, flags, dir_fd=folder), "rb") as file:
            info = os.fstat(file.fileno())
            # Between the look and the open something else may have taken its place.
            if (info.st_ino, info.st_dev) != (seen.st_ino, seen.st_dev):
                return "it changed while it was taken"
            if not stat.S_ISREG(info.st_mode) or info.st_nlink > 1:
                return "it changed while it was taken"
            content = file.read(most + 1)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return content if len(content) <= most else "it grew while it was taken"


def _mark(info: os.stat_result) -> Mark:
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_nlink


def _wanted(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _shown(name: str) -> str:
    # File names are bytes; what is no UTF-8 is escaped, so that the name can be printed.
    return os.fsencode(name).decode("utf-8", "backslashreplace")

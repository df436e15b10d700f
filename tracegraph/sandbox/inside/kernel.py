"""The few system calls that the standard library lacks, through ctypes."""

from __future__ import annotations

import ctypes
import os

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
_MNT_DETACH = 2


class _Libc:
    """The C library, loaded when it is first called."""

    def __init__(self) -> None:
        self._library: ctypes.CDLL | None = None

    def __call__(self, name: str, *args: object) -> int:
        if self._library is None:
            self._library = ctypes.CDLL(None, use_errno=True)
        value: int = getattr(self._library, name)(*args)
        if value < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{name}: {os.strerror(number)}")
        return value


_libc = _Libc()


def syscall(number: int, *args: object) -> int:
    """Make a system call by its number; raises OSError."""
    return _libc("syscall", ctypes.c_long(number), *args)


def unshare(flags: int) -> None:
    """Move this process into new namespaces."""
    _libc("unshare", ctypes.c_int(flags))


def setns(descriptor: int, kind: int) -> None:
    """Move this process into the namespace that the descriptor stands for."""
    _libc("setns", ctypes.c_int(descriptor), ctypes.c_int(kind))


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount; with MS_BIND, ``source`` is the path that appears at ``target``."""
    _libc(
        "mount",
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )


def unmount(target: str) -> None:
    """Detach a mount at once; what still uses it keeps it until it is done."""
    _libc("umount2", os.fsencode(target), ctypes.c_int(_MNT_DETACH))


def _prctl(option: int, *args: int) -> None:
    _libc("prctl", ctypes.c_int(option), *(ctypes.c_ulong(a) for a in args))


def no_new_privileges() -> None:
    """Make setuid programs powerless for this process and all that come from it."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def not_dumpable() -> None:
    """Forbid processes of the same user to trace this one or to read its /proc entries."""
    _prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent(number: int) -> None:
    """Get the signal when the parent (its thread that forked us) ends."""
    _prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def load_filter(program: bytes) -> None:
    """Load a seccomp program (see bpf.py) for this thread and all that come from it."""

    class SockFprog(ctypes.Structure):
        _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    prog = SockFprog(len(program) // 8, program)
    _libc(
        "prctl",
        ctypes.c_int(_PR_SET_SECCOMP),
        ctypes.c_ulong(_SECCOMP_MODE_FILTER),
        ctypes.byref(prog),
        ctypes.c_ulong(0),
        ctypes.c_ulong(0),
    )

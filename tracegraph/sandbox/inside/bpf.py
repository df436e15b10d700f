"""The seccomp filters: small programs that the kernel runs before each system call.

A filter is a list of refusals; everything else that the table knows is allowed, and what is
newer than the table does not exist (ENOSYS). Source: the kernel's seccomp_filter.rst.
"""

from __future__ import annotations

import errno
import os
import struct

from . import syscalls

_LOAD, _JA, _JEQ, _JGT, _AND, _RET = 0x20, 0x05, 0x15, 0x25, 0x54, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

_NEW_NAMESPACE = 0x7E020000  # every CLONE_NEW… flag
_THREAD = 0x00010000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

# A condition is (argument, mask, values, wanted): the call is refused when
# ``(argument & mask in values) == wanted``.
Condition = tuple[int, int, tuple[int, ...], bool]


def supported() -> bool:
    """Tell whether there is a table for this machine's processor."""
    return os.uname().machine in _ARCHITECTURES


class Filter:
    """Collects refusals and assembles them."""

    def __init__(self) -> None:
        machine = os.uname().machine
        if machine not in _ARCHITECTURES:
            raise NotImplementedError(f"no table of system calls for {machine} processors")
        self._architecture, self._column = _ARCHITECTURES[machine]
        self._rules: list[bytes] = []

    def refuse(self, group: str, error: int = errno.EPERM) -> None:
        """Refuse every call of a group; with ``error`` 0, pretend that it succeeded."""
        for numbers in syscalls.group(group).values():
            number = numbers[self._column]
            if number is not None:
                self._rules.append(_op(_JEQ, number, 0, 1) + _op(_RET, _ERRNO | error))

    def refuse_when(self, call: str, *conditions: Condition, error: int = errno.EPERM) -> None:
        """Refuse one call when any of the conditions holds; always when there is none."""
        number = syscalls.SINGLE[call][self._column]
        body = b""
        for argument, mask, values, wanted in conditions:
            body += _op(_LOAD, 16 + 8 * argument)
            if mask != 0xFFFFFFFF:
                body += _op(_AND, mask)
            # A hit jumps over what follows the tests: to the refusal, or past it.
            for left in range(len(values), 0, -1):
                body += _op(_JEQ, values[len(values) - left], left, 0)
            if wanted:
                body += _op(_JA, 1)
            body += _op(_RET, _ERRNO | error)
        body += _op(_RET, _ALLOW if conditions else _ERRNO | error)
        self._rules.append(_op(_JEQ, number, 0, len(body) // 8) + body)

    def assemble(self) -> bytes:
        """Return the program as the kernel takes it."""
        head = (
            _op(_LOAD, 4)
            + _op(_JEQ, self._architecture, 1, 0)
            + _op(_RET, _KILL)
            + _op(_LOAD, 0)
            # Also the x32 numbers, which have a high bit set.
            + _op(_JGT, syscalls.NEWEST, 0, 1)
            + _op(_RET, _ERRNO | errno.ENOSYS)
        )
        return head + b"".join(self._rules) + _op(_RET, _ALLOW)


def _op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def base(*, shared_memory: bool) -> Filter:
    """What no sandboxed code may do, whatever else holds it."""
    made = Filter()
    for group in (
        "keys",
        "other_processes",
        "kernel_programs",
        "mounts",
        "namespaces",
        "machine",
        "files_by_handle",
        "memory_nobody_counts",
    ):
        made.refuse(group)
    if not shared_memory:
        made.refuse("shared_memory", errno.ENOSYS)
    # The C library falls back to clone, whose flags can be looked at.
    made.refuse_when("clone3", error=errno.ENOSYS)
    made.refuse_when("clone", (0, _NEW_NAMESPACE, (0,), False))
    made.refuse_when("ioctl", (1, 0xFFFFFFFF, (_TIOCSTI, _TIOCLINUX), True))
    made.refuse_when("personality", (0, 0xFFFFFFFF, (0, 0xFFFFFFFF), False))
    return made


def strict(*, shared_memory: bool, other_user: bool, signals_stay: bool) -> Filter:
    """The base and what namespaces would have kept away: sockets, foreign processes and files.

    ``other_user``: a uid of its own already protects the files' modes. ``signals_stay``: the
    kernel keeps signals within the domain (Landlock version 6).
    """
    made = base(shared_memory=shared_memory)
    for group in ("sockets", "system_v", "priorities", "attributes"):
        made.refuse(group)
    # Connected pairs of streams only: a datagram socket could be pointed elsewhere later.
    made.refuse_when(
        "socketpair", (0, 0xFFFFFFFF, (1,), False), (1, 0xF, (1, 5), False), error=errno.EACCES
    )
    for call in ("prlimit64", "sched_setaffinity"):
        made.refuse_when(call, (0, 0xFFFFFFFF, (0,), False))
    for call in ("sched_setscheduler", "sched_setparam", "sched_setattr"):
        made.refuse_when(call)
    if not other_user:
        made.refuse("modes", 0)
        if not signals_stay:
            made.refuse("signals")
    return made


def task(pid: int, *, sockets: bool) -> Filter:
    """For one task of a fork server: no processes, no programs, signals only to itself."""
    made = Filter()
    made.refuse("programs")
    if not sockets:
        made.refuse("sockets")
    made.refuse_when("clone", (0, _THREAD, (0,), True))
    made.refuse_when("clone3", error=errno.ENOSYS)
    for call in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        made.refuse_when(call, (0, 0xFFFFFFFF, (pid,), False))
    for call in ("tkill", "pidfd_send_signal"):
        made.refuse_when(call)
    made.refuse_when("prlimit64", (0, 0xFFFFFFFF, (0,), False))
    return made

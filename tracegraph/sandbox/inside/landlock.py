"""Landlock: which files and folders this process and its descendants may use at all.

Source: the kernel's Documentation/userspace-api/landlock.rst.
"""

from __future__ import annotations

import contextlib
import os
import struct
from ctypes import c_char_p, c_int, c_long, c_size_t

from . import kernel

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION_QUERY = 1
_RULE_PATH = 1

_EXECUTE, _WRITE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_FIRST = (1 << 13) - 1  # every right of version 1
_DEVICES = (1 << 6) | (1 << 11)  # making character and block devices
_FILE_RIGHTS = _EXECUTE | _WRITE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

READ = _EXECUTE | _READ_FILE | _READ_DIR
LOOK = _READ_FILE | _READ_DIR


def version() -> int:
    """Return the version of Landlock that the kernel speaks; 0 when it has none."""
    try:
        return kernel.syscall(_CREATE, None, c_size_t(0), c_int(_VERSION_QUERY))
    except OSError:
        return 0


def restrict(
    read: list[str],
    write: list[str],
    *,
    devices: list[str] | None = None,
    look: list[str] | None = None,
) -> int:
    """Allow only these paths from now on; return Landlock's version.

    ``read`` may be read and executed, ``look`` only read, ``write`` everything but making
    devices, ``devices`` are read and written. Paths that do not exist are left out. TCP, abstract
    sockets, and signals and tracing that leave this domain are forbidden as far as the kernel
    can. Needs no_new_privileges(). Raises OSError when the kernel has no Landlock.
    """
    abi = version()
    handled = _FIRST | (abi >= 2) * _REFER | (abi >= 3) * _TRUNCATE | (abi >= 5) * _IOCTL_DEV
    fields = [handled]
    if abi >= 4:
        fields.append(3)  # bind and connect TCP: no rule allows any port
    if abi >= 6:
        fields.append(3)  # abstract sockets and signals stay within
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = kernel.syscall(_CREATE, c_char_p(attributes), c_size_t(len(attributes)), c_int(0))
    try:
        allowed = [(path, READ) for path in read]
        allowed += [(path, LOOK) for path in look or []]
        allowed += [(path, (handled & ~_DEVICES)) for path in write]
        allowed += [(path, _READ_FILE | _WRITE | _IOCTL_DEV) for path in devices or []]
        for path, rights in allowed:
            with contextlib.suppress(FileNotFoundError, PermissionError):
                _allow(ruleset, path, rights & handled)
        kernel.syscall(_RESTRICT, c_int(ruleset), c_int(0))
    finally:
        os.close(ruleset)
    return abi


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):
            rights &= _FILE_RIGHTS
        rule = struct.pack("=Qi", rights, descriptor)
        kernel.syscall(_ADD, c_int(ruleset), c_long(_RULE_PATH), c_char_p(rule), c_int(0))
    finally:
        os.close(descriptor)

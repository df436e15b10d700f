"""Run a command where the kernel makes no namespaces and no mounts, as in many containers.

``python no_namespaces.py PROGRAM COMMAND…``: a seccomp filter stands for the container's.
"""

from __future__ import annotations

import errno
import os
import sys


def main() -> None:
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tracegraph", "sandbox"))
    from inside import bpf, kernel  # type: ignore[import-not-found]

    made = bpf.Filter()
    made.refuse("mounts")
    made.refuse("namespaces")
    made.refuse_when("clone", (0, 0x7E020000, (0,), False))
    made.refuse_when("clone3", error=errno.ENOSYS)
    kernel.no_new_privileges()
    kernel.load_filter(made.assemble())
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()

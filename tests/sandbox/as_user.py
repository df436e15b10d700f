"""Run a command as an ordinary user, also when Python lies in a folder that is closed to others.

``python as_user.py UID PATH:PATH… COMMAND…``, as root: in a mount namespace of its own the paths
are made reachable, then every right is given up.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tracegraph", "sandbox"))
    from inside import places  # type: ignore[import-not-found]

    uid = int(sys.argv[1])
    places.Places(plain=False).open_ways(sys.argv[2].split(":"))
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.execv(sys.argv[3], sys.argv[3:])


if __name__ == "__main__":
    main()

"""What the attacks are after: a home with a secret, a victim, services. All of it is made here."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).parents[3]
_VICTIM = (
    "import sys, time; planted = sys.stdin.readline(); print('ready', flush=True); time.sleep(600)"
)


class Target:
    """Described to the attacks as a dict; also tells whether something happened to it."""

    def __init__(self, limits: Any) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="attacked-"))
        self.home = self.base / "home"
        self.home.mkdir()
        token = secrets.token_hex(16)
        self.secret = f"secret-{token}"
        # Assembled, so that only this string and the victim's memory have it as a whole.
        self.planted = "planted-" + token[::-1]
        self.key = f"key-{token}"
        os.environ["PROVIDER_API_KEY"] = self.key
        secret = self.home / "secret.txt"
        secret.write_text(self.secret)
        self.host_file = self.home / "results.csv"
        self._reset_host_file()
        self.open_secret = os.open(secret, os.O_RDONLY)
        os.set_inheritable(self.open_secret, True)
        self._packets: list[bytes] = []
        self._sockets = [socket.create_server(("0.0.0.0", 0))]
        self._sockets.append(self._bound(socket.AF_INET, ("0.0.0.0", 0)))
        self._sockets.append(self._bound(socket.AF_UNIX, str(self.base / "datagrams")))
        for name in (str(self.base / "service"), f"\0service-{token}"):
            service = socket.socket(socket.AF_UNIX)
            service.bind(name)
            service.listen(8)
            self._sockets.append(service)
        for path in ("datagrams", "service"):
            os.chmod(self.base / path, 0o777)
        os.chmod(self.base, 0o755)
        os.chmod(self.home, 0o755)
        threading.Thread(target=self._listen, daemon=True).start()
        libc = ctypes.CDLL(None, use_errno=True)
        libc.shmat.restype = ctypes.c_void_p
        self._segment = libc.shmget(0, ctypes.c_size_t(4096), 0o1666)
        content = self.planted.encode()
        ctypes.memmove(libc.shmat(self._segment, None, 0), content, len(content))
        self.victim: subprocess.Popen[str] | None = None
        self.sibling_path = ""
        self.limits = limits

    def describe(self, seconds: float) -> dict[str, Any]:
        """Return what the attack is told, with a victim that is alive."""
        self._revive()
        assert self.victim is not None
        self.marker = f"marker-{secrets.token_hex(8)}"
        self._told = {
            "secret": self.secret, "secret_path": str(self.home / "secret.txt"), "key": self.key,
            "planted": self.planted, "victim": self.victim.pid, "marker": self.marker,
            "host_file": str(self.host_file), "project_file": str(_PROJECT / "pyproject.toml"),
            "host": _own_address(), "tcp": self._sockets[0].getsockname()[1],
            "udp": self._sockets[1].getsockname()[1], "path_socket": str(self.base / "service"),
            "abstract_socket": self._sockets[4].getsockname()[1:].decode(),
            "datagram_socket": str(self.base / "datagrams"), "segment": self._segment,
            "sibling_path": self.sibling_path, "seconds": seconds,
            "memory": self.limits.memory, "processes": self.limits.processes,
            "disk": self.limits.disk, "files": self.limits.files, "output": self.limits.output,
        }  # fmt: skip
        return self._told

    def __getitem__(self, name: str) -> Any:
        return self._told[name]

    def _bound(self, family: int, address: Any) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.bind(address)
        return sock

    def _listen(self) -> None:
        while True:
            try:
                for ready in select.select(self._sockets[1:3], [], [], 0.1)[0]:
                    self._packets.append(ready.recv(1000))
            except (OSError, ValueError):
                return

    def _revive(self) -> None:
        if self.victim is not None and self.victim.poll() is None:
            if not self.victim_stopped():
                return
            self.victim.kill()
            self.victim.wait()
        self.victim = subprocess.Popen(
            [sys.executable, "-c", _VICTIM],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.victim.stdin is not None
        assert self.victim.stdout is not None
        print(self.planted, file=self.victim.stdin, flush=True)
        self.victim.stdout.readline()

    def received(self, packet: bytes) -> bool:
        time.sleep(0.3)
        found = packet in self._packets
        self._packets.clear()
        return found

    def victim_died(self) -> bool:
        assert self.victim is not None
        time.sleep(0.1)
        return self.victim.poll() is not None

    def victim_stopped(self) -> bool:
        assert self.victim is not None
        time.sleep(0.1)
        stat = Path(f"/proc/{self.victim.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    def marked_processes(self) -> list[int]:
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if self.marker.encode() in path.read_bytes() and b"sleep" in path.read_bytes():
                    found.append(int(path.parent.name))
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        return found

    def _reset_host_file(self) -> None:
        os.chmod(self.home, 0o755)
        for path in self.home.glob("results.csv*"):
            path.unlink()
        self.host_file.write_text("kept")
        os.chmod(self.host_file, 0o666)
        self._info = os.stat(self.host_file)

    def host_file_changed(self) -> bool:
        same = self.host_file.exists() and self.host_file.read_text() == "kept"
        self._reset_host_file()
        return not same

    def host_file_mode_changed(self) -> bool:
        info = os.stat(self.host_file)
        same = (info.st_mode, info.st_mtime) == (self._info.st_mode, self._info.st_mtime)
        same = same and os.stat(self.home).st_mode & 0o777 == 0o755
        self._reset_host_file()
        return not same

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()
        ctypes.CDLL(None).shmctl(self._segment, 0, None)
        os.close(self.open_secret)
        if self.victim is not None:
            self.victim.kill()
            self.victim.communicate()
        shutil.rmtree(self.base, ignore_errors=True)


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
            return str(sock.getsockname()[0])
        except OSError:
            return "127.0.0.1"

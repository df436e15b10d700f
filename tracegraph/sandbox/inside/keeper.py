"""The keeper: one small process a sandbox that starts its jobs, watches them and cleans up.

It speaks over one socket with the program that started it and with nobody else. When that program
ends, however it ends, the keeper ends every job and removes every workspace, then itself.
Being single-threaded it may fork safely, and "die with the parent" means what it says.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from . import bpf, channel, kernel, landlock, launch
from .cgroup import Groups
from .job import Job
from .places import Place, Places

# Uids that no distribution hands out: above systemd's containers, below 2^31.
_FIRST_UID, _UIDS = 0x7000_0000, 0x0FFF_0000
_TRIAL_SECONDS = 10.0


class Keeper:
    """Serves requests until the socket closes or the parent ends."""

    def __init__(self, sock: socket.socket, parent: int, *, plain: bool) -> None:
        self._sock = sock
        self._parent = os.pidfd_open(parent)
        # So that whatever a job leaves for a moment is ours to wait for.
        kernel.adopt_orphans()
        self._places = Places(plain=plain)
        self._groups = Groups()
        self._setup: dict[str, Any] = {}
        self._binds: list[tuple[str, str]] = []
        self._place: dict[int, Place] = {}
        self._jobs: dict[int, Job] = {}
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._poll.register(self._parent, select.POLLIN)
        self._uid = os.getpid() * 4096

    def serve(self) -> None:
        """Answer, watch and end; returns when the program is gone."""
        try:
            while self._turn():
                pass
        finally:
            for job in self._jobs.values():
                job.end()
            for job in self._jobs.values():
                job.reap(wait=True)
            self._groups.close()
            self._places.close()

    def _turn(self) -> bool:
        waits = [job.next_look() for job in self._jobs.values()]
        timeout = None if not waits else max(0.0, min(waits) - time.monotonic()) * 1000 + 1
        for descriptor, _ in self._poll.poll(timeout):
            if descriptor == self._parent:
                return False
            if descriptor == self._sock.fileno() and not self._request():
                return False
        for job in list(self._jobs.values()):
            job.look()
            if job.reap(wait=False):
                self._ended(job)
        return True

    def _request(self) -> bool:
        received = channel.receive(self._sock)
        if received is None:
            return False
        message, descriptors = received
        answer: dict[str, Any] = {"id": message["id"]}
        send: list[int] = []
        try:
            made = getattr(self, "do_" + message["do"])(message, descriptors)
            answer |= made or {}
            send = answer.pop("descriptors", [])
        except OSError as error:
            answer["error"] = str(error.strerror or error)
        with contextlib.suppress(OSError):
            channel.send(self._sock, answer, send)
        channel.close([*send, *descriptors])
        return True

    # What can be asked for.

    def do_setup(self, message: dict[str, Any], _: list[int]) -> dict[str, Any]:
        """Take the view that all jobs of this sandbox get, and tell what this machine offers."""
        self._setup = message["view"]
        self._binds = []
        for number, (source, target) in enumerate(self._setup["binds"]):
            staged = self._places.stage(source, number) if self._bubblewrap else source
            self._binds.append((staged, target))
        for name, text in self._setup["etc"].items():
            self._binds.append((self._places.write(f"etc.{name}", text), f"/etc/{name}"))
        if self._setup["layer"] == "landlock":
            self._places.open_ways([source for source, _ in self._binds])
        return {"mounts": self._places.mounts, "cgroup": self._groups.describe()}

    def do_offers(self, message: dict[str, Any], _: list[int]) -> dict[str, Any]:
        """Find out which layers work here; ``bwrap`` is a program or empty."""
        return {
            "mounts": self._places.why_plain,
            "landlock": landlock.version(),
            "seccomp": bpf.supported() and _seccomp_works(),
            "bubblewrap": self._try_bubblewrap(message["bwrap"]) if message["bwrap"] else "",
            "cgroup": self._groups.describe(),
        }

    def do_place(self, message: dict[str, Any], _: list[int]) -> dict[str, Any]:
        """Make a workspace and send a descriptor of its folder."""
        uid = None
        if self._places.root and self._setup["layer"] != "none":
            self._uid += 1
            uid = _FIRST_UID + self._uid % _UIDS
        place = self._places.make(message["disk"], message["files"], uid)
        self._place[message["place"]] = place
        descriptor = os.open(place.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return {"descriptors": [descriptor], "mounted": place.mounted}

    def do_drop(self, message: dict[str, Any], _: list[int]) -> None:
        """Remove a workspace."""
        self._places.remove(self._place.pop(message["place"]))

    def do_launch(self, message: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        """Start a program; its standard streams come first among the descriptors."""
        place = self._place[message["place"]]
        names = ("workspace", "home", "tmp", "shm")
        folders = {name: place.inner(name) for name in names}
        layer = self._setup["layer"]
        group = self._groups.make(message["job"], message["limits"], each=message["each"])
        if layer == "bubblewrap":
            started = launch.with_bubblewrap(
                message, self._setup, folders, self._binds, place.uid, descriptors, group
            )
        elif layer == "landlock":
            read = [source for source, _ in self._binds]
            started = launch.with_landlock(
                message, self._setup, folders, read, place.uid, descriptors, group
            )
        else:
            started = launch.unconfined(message, self._setup, folders, descriptors)
        job = Job(message, started, place, group)
        answer: dict[str, Any] = {
            "pid": started.pid,
            "uid": place.uid,
            "folders": folders,
        }
        try:
            answer |= self._released(job, message["network"])
        except OSError:
            job.end()
            job.reap(wait=True)
            job.close()
            raise
        self._jobs[message["job"]] = job
        self._poll.register(job.pidfd, select.POLLIN)
        return answer

    def do_signal(self, message: dict[str, Any], _: list[int]) -> None:
        """Send a signal to the program itself."""
        job = self._jobs.get(message["job"])
        if job is not None:
            job.signal(message["number"])

    def do_kill(self, message: dict[str, Any], _: list[int]) -> None:
        """End a job and everything that came from it."""
        job = self._jobs.get(message["job"])
        if job is not None:
            job.reason = job.reason or message["reason"]
            job.end()

    def do_usage(self, message: dict[str, Any], _: list[int]) -> dict[str, Any]:
        """Tell what a job has used until now."""
        job = self._jobs.get(message["job"])
        return job.usage() if job is not None else {}

    def do_why(self, message: dict[str, Any], _: list[int]) -> dict[str, Any]:
        """Tell why a task of a fork server was killed, by the pid that the server sees."""
        job = self._jobs.get(message["job"])
        return {"why": job.why.pop(message["pid"], "") if job is not None else ""}

    # Steps.

    @property
    def _bubblewrap(self) -> bool:
        return bool(self._setup["layer"] == "bubblewrap")

    def _released(self, job: Job, network: list[list[Any]]) -> dict[str, Any]:
        # The program waits until its network is there.
        if job.started.block < 0:
            return {}
        init = job.read_info()
        answer: dict[str, Any] = {}
        if network and init:
            wanted = [(str(address), int(port)) for address, port in network]
            answer["descriptors"] = launch.own_network(init, wanted)
        job.release()
        return answer

    def _ended(self, job: Job) -> None:
        del self._jobs[job.number]
        self._poll.unregister(job.pidfd)
        with contextlib.suppress(OSError):
            channel.send(self._sock, {"ended": job.number, **job.outcome()})
        job.close()

    def _try_bubblewrap(self, program: str) -> str:
        """Run a program in it exactly as jobs are run; return an empty text or what went wrong."""
        self._uid += 1
        uid = _FIRST_UID + self._uid % _UIDS if self._places.root else None
        place = self._places.make(1 << 20, 64, uid)
        read, write = os.pipe2(os.O_CLOEXEC)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            names = ("workspace", "home", "tmp", "shm")
            limits = {"memory": 1 << 30, "disk": 1 << 20, "cpu": 10, "descriptors": 256}
            view = {
                "uid": 1000, "home": "/home/user", "environment": {},
                "links": [["usr/lib", "/lib"], ["usr/lib64", "/lib64"], ["usr/bin", "/bin"]],
                "bwrap": program, "prlimit": "", "shared_memory": False,
            }  # fmt: skip
            job = Job(
                {"job": 0, "limits": {**limits, "seconds": _TRIAL_SECONDS}},
                launch.with_bubblewrap(
                    {"argv": ["/usr/bin/true"], "limits": limits},
                    view,
                    {name: place.inner(name) for name in names},
                    [("/usr", "/usr")],
                    uid,
                    [null, null, write],
                    None,
                ),
                place,
                None,
            )
            os.close(write)
            write = -1
            job.read_info()
            job.release()
            with open(read, "rb") as file:
                read = -1
                told = file.read(2000).decode(errors="replace").strip()
            job.reap(wait=True)
            job.close()
            return "" if job.status == 0 else told or f"it ended with {job.status}"
        except OSError as error:
            return str(error.strerror or error)
        finally:
            channel.close([one for one in (read, write, null) if one >= 0])
            self._places.remove(place)


def _seccomp_works() -> bool:
    try:
        with open("/proc/sys/kernel/seccomp/actions_avail") as file:
            return "errno" in file.read()
    except OSError:
        return False


def main() -> None:
    """Serve on the descriptor that is named on the command line."""
    sock = socket.socket(fileno=int(sys.argv[1]))
    sock.set_inheritable(False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    parent = int(sys.argv[2])
    if os.getppid() == parent:
        Keeper(sock, parent, plain="plain" in sys.argv[3:]).serve()

"""One running job as the keeper sees it: its deadline, what its tree uses, how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from typing import TYPE_CHECKING, Any

from . import tree
from .places import usage

if TYPE_CHECKING:
    from .cgroup import Group
    from .launch import Started
    from .places import Place

_SOONEST, _LATEST, _LATEST_PLAIN = 0.02, 0.25, 0.05
_INFO_SECONDS = 20.0
_LAST_SECONDS = 5.0
_TREE_SLACK = 32 << 20


class Job:
    """Attributes: ``number``, ``pidfd`` (of the process we wait for), ``status``, ``reason``."""

    def __init__(
        self, message: dict[str, Any], started: Started, place: Place, group: Group | None
    ) -> None:
        self.number: int = message["job"]
        self.limits: dict[str, Any] = message["limits"]
        self.each = bool(message.get("each"))
        self.started = started
        self.pidfd = os.pidfd_open(started.pid)
        self.reason = ""
        self.detail = ""
        self.status: int | None = None
        self.why: dict[int, str] = {}  # tasks that were killed, by the pid that they see
        self._place = place
        self._group = group
        self._init = 0
        self._init_fd = -1
        self._begin = time.monotonic()
        self._used: Any = None
        self._took = 0.0
        self._peak = 0
        self._most = 0
        self._cpu = 0.0
        self._pause = _SOONEST
        self._look = self._begin
        self._end_again = 0.0

    def read_info(self) -> int:
        """Return the process id of the first process inside; 0 when bubblewrap failed."""
        text = b""
        poll = select.poll()
        poll.register(self.started.info, select.POLLIN)
        deadline = time.monotonic() + _INFO_SECONDS
        while b"}" not in text and poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            part = os.read(self.started.info, 4096)
            if not part:
                break
            text += part
        os.close(self.started.info)
        self.started.info = -1
        with contextlib.suppress(ValueError, KeyError, ProcessLookupError):
            self._init = json.loads(text)["child-pid"]
            self._init_fd = os.pidfd_open(self._init)
        return self._init

    def release(self) -> None:
        """Let the program begin."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.started.block, b"x")
        os.close(self.started.block)
        self.started.block = -1

    def next_look(self) -> float:
        """Return when look() should be called again, in monotonic time."""
        seconds = self.limits["seconds"]
        return min(self._look, self._begin + seconds) if seconds else self._look

    def look(self) -> None:
        """Compare time, memory, CPU and number of processes with the limits."""
        now = time.monotonic()
        if self._end_again and now >= self._end_again:
            self.end()
        seconds = self.limits["seconds"]
        if seconds and now - self._begin >= seconds:
            self._stop("timeout", f"it ran for {seconds:g} seconds")
        if now < self._look:
            return
        before = self._cpu
        self._measure()
        # What does nothing is looked at less often.
        busy = self._cpu > before
        # Plain folders have no limit of their own.
        latest = _LATEST if self._place.mounted else _LATEST_PLAIN
        self._pause = _SOONEST if busy else min(self._pause * 1.5, latest)
        self._look = time.monotonic() + self._pause

    def _measure(self) -> None:
        used = tree.load(self.started.pid)
        memory = sum(used.memory.values())
        self._cpu = max(self._cpu, used.cpu)
        self._most = max(self._most, len(used.pids))
        allowed = self.limits["memory"]
        if self.each:
            self._end_each(used)
        elif memory > allowed:
            # Pages that forked processes share were counted for each of them.
            told = [tree.exact_memory(pid) for pid in used.pids]
            memory = sum(
                used.memory[pid] if one is None else one
                for pid, one in zip(used.pids, told, strict=True)
            )
            if memory > allowed:
                self._stop("memory", f"its processes had {memory >> 20} MiB together")
        self._peak = max(self._peak, memory)
        if not self.each:
            if self._cpu > self.limits["cpu"] + 1:
                self._stop("timeout", f"it used {self._cpu:.1f} seconds of CPU")
            # bubblewrap's own are not the program's.
            if len(used.pids) > self.limits["processes"] + 4:
                self._stop("killed", f"it had {len(used.pids)} processes")
        if not self.each and not self._place.mounted and (what := self._place.full()):
            self._stop("disk", what)

    def _end_each(self, used: tree.Load) -> None:
        """Kill the tasks of a fork server that are over a limit, not the server."""
        server = next(iter(tree.children(self._init or self.started.pid)), 0)
        allowed = self.limits["memory"] + used.memory.get(server, 0) + _TREE_SLACK
        for pid in tree.children(server) if server else []:
            reason = ""
            if used.memory.get(pid, 0) > allowed:
                reason = "memory"
            elif used.threads.get(pid, 0) > self.limits["processes"]:
                reason = "threads"
            elif not self._place.mounted:
                # Without mounts there is no process namespace either: its folder has this name.
                size, files = usage(f"{self._place.inner('workspace')}/task{pid}")
                if size > self.limits["disk"] or files > self.limits["files"]:
                    reason = "disk"
            if reason:
                self.why[tree.inner_pid(pid)] = reason
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _stop(self, reason: str, detail: str) -> None:
        if not self.reason:
            self.reason, self.detail = reason, detail
            self.end()

    def end(self) -> None:
        """Kill the whole tree; reap() tells when it is gone."""
        self._end_again = time.monotonic() + 1.0
        if self._init:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self._init, signal.SIGKILL)
            number = signal.SIGKILL
        else:
            # A minder kills what is below it first; bubblewrap has not begun.
            number = signal.SIGTERM if self.started.block < 0 else signal.SIGKILL
        with contextlib.suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(self.pidfd, number)
        if self._group is not None:
            self._group.kill()

    def signal(self, number: int) -> None:
        """Send a signal to the program, which is the first child of what we started."""
        found = tree.children(self._init or self.started.pid)
        if found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(found[0], number)

    def reap(self, *, wait: bool) -> bool:
        """Tell whether the job has ended, and take its status."""
        if self.status is None:
            pid, status, used = os.wait4(self.started.pid, 0 if wait else os.WNOHANG)
            if pid == 0:
                return False
            self.status = os.waitstatus_to_exitcode(status)
            self._used = used
            self._took = time.monotonic() - self._begin
            self._end_namespace()
        return True

    def _end_namespace(self) -> None:
        """Wait until the last process inside is gone.

        bubblewrap ends with the program; what the program left behind dies a moment later, with
        the first process of the namespace, which is then our child.
        """
        if self._init_fd < 0:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._init_fd, signal.SIGKILL)
        poll = select.poll()
        poll.register(self._init_fd, select.POLLIN)
        poll.poll(_LAST_SECONDS * 1000)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._init, os.WNOHANG)

    def usage(self) -> dict[str, float]:
        """Return seconds, cpu seconds, the peak of memory in bytes and the most processes."""
        if self.status is None:
            self._measure()
        cpu, peak = self._cpu, self._peak
        if self._used is not None:
            cpu = max(cpu, self._used.ru_utime + self._used.ru_stime)
            peak = max(peak, self._used.ru_maxrss << 10)
        if self._group is not None:
            peak = max(peak, self._group.peak())
        seconds = self._took or time.monotonic() - self._begin
        return {"seconds": seconds, "cpu": cpu, "memory": peak, "processes": self._most}

    def outcome(self) -> dict[str, Any]:
        """Return the exit code (negative: the signal), why we ended it, if so, and its usage."""
        code = self.status or 0
        # bubblewrap and the minder tell a signal the way a shell does.
        if code > 128 and code - 128 < signal.NSIG:
            code = 128 - code
        full = self._place.full()
        reason, detail = self.reason, self.detail
        if full and not reason and not self._place.mounted:
            # It ended before the watch saw it.
            reason, detail = "disk", full
        if not reason and self._group is not None and self._group.out_of_memory():
            reason, detail = "memory", "its group's memory was used up"
        return {
            "code": code, "reason": reason, "detail": detail, "full": full, "usage": self.usage(),
        }  # fmt: skip

    def close(self) -> None:
        """Close what was open for the job; only after it ended."""
        for descriptor in (self.pidfd, self._init_fd, self.started.info, self.started.block):
            if descriptor >= 0:
                os.close(descriptor)
        if self._group is not None:
            self._group.close()

"""Start one job: fork, shed every right that the layer can take, and become the program."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
from typing import TYPE_CHECKING, Any

from . import bpf, bubblewrap, channel, kernel, landlock, limits, tree

if TYPE_CHECKING:
    from .cgroup import Group

_ENDING = 10.0
# bubblewrap's own processes inside, which count too.
_OWN_PROCESSES = 2
_CLOSED = " (its user may not reach it; programs in closed folders such as /root cannot be used)"


class Started:
    """A job that was started: the process that we wait for, and bubblewrap's information."""

    def __init__(self, pid: int, info: int, block: int) -> None:
        self.pid = pid
        self.info = info
        self.block = block


def with_bubblewrap(
    job: dict[str, Any],
    setup: dict[str, Any],
    folders: dict[str, str],
    binds: list[tuple[str, str]],
    uid: int | None,
    descriptors: list[int],
    group: Group | None,
) -> Started:
    """Start the job in namespaces of its own; raises OSError."""
    info_out, info_in = os.pipe2(os.O_CLOEXEC)
    block_out, block_in = os.pipe2(os.O_CLOEXEC)
    program = bpf.base(shared_memory=setup["shared_memory"]).assemble()
    filter_fd = _in_memory(program)
    own = {"seccomp": filter_fd, "info": info_in, "block": block_out}
    numbers = {name: len(descriptors) + n for n, name in enumerate(own)}
    argv = bubblewrap.arguments(setup["bwrap"], setup, folders, binds, numbers)
    if setup["prlimit"]:
        # Counted inside, so that an ordinary user's other processes do not matter.
        most = _most_processes(job) + _OWN_PROCESSES
        argv += [setup["prlimit"], f"--nproc={most}", "--"]
    argv += job["argv"]
    try:

        def become() -> None:
            if group is not None:
                group.join()
            _own_descriptors([*descriptors, *own.values()])
            limits.apply(job["limits"], processes=None)
            _become_user(uid)
            os.execve(setup["bwrap"], argv, {})

        pid = _fork(become)
    except OSError:
        channel.close([info_out, block_in])
        raise
    finally:
        channel.close([info_in, block_out, filter_fd])
    return Started(pid, info_out, block_in)


def _most_processes(job: dict[str, Any]) -> int:
    # A fork server's tasks have the limit each.
    return int(job["limits"].get("together", job["limits"]["processes"]))


def with_landlock(
    job: dict[str, Any],
    setup: dict[str, Any],
    folders: dict[str, str],
    binds: list[str],
    uid: int | None,
    descriptors: list[int],
    group: Group | None,
) -> Started:
    """Start the job without namespaces, below a minder that ends its tree; raises OSError."""

    def restrict() -> None:
        if group is not None:
            group.join()
        _own_descriptors(descriptors)
        _in_own_session()
        mine = _count_processes(uid) if uid is None else 0
        limits.apply(job["limits"], processes=mine + _most_processes(job))
        _become_user(uid)
        os.chdir(folders["workspace"])
        kernel.no_new_privileges()
        abi = landlock.restrict(
            binds,
            list(folders.values()),
            devices=["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"],
            # /proc/self is this process; its descendants do not see their own entries.
            look=["/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version"],
        )  # fmt: skip
        made = bpf.strict(
            shared_memory=setup["shared_memory"],
            other_user=uid is not None,
            signals_stay=abi >= 6,
        )
        environment = {
            **setup["environment"],
            "HOME": folders["home"],
            "TMPDIR": folders["tmp"],
            "PWD": folders["workspace"],
        }
        program = made.assemble()
        kernel.load_filter(program)
        os.execve(job["argv"][0], job["argv"], environment)

    return Started(_minded(restrict), -1, -1)


def unconfined(
    job: dict[str, Any],
    setup: dict[str, Any],
    folders: dict[str, str],
    descriptors: list[int],
) -> Started:
    """Start the job with limits and a minder only (``unsafe=True``); raises OSError."""

    def become() -> None:
        _own_descriptors(descriptors)
        _in_own_session()
        limits.apply(job["limits"], processes=None)
        os.chdir(folders["workspace"])
        environment = {**setup["environment"], "HOME": folders["home"], "TMPDIR": folders["tmp"]}
        os.execve(job["argv"][0], job["argv"], environment)

    return Started(_minded(become), -1, -1)


def _mind(become: Any, keeper: int) -> None:
    """Be the parent of the program and of its orphans; end them all when it ends or we must."""
    kernel.adopt_orphans()
    _in_own_session()
    # The keeper asks by closing: a signal could come from the program as well.
    ask_read, ask_write = os.pipe2(os.O_CLOEXEC)
    signal.set_wakeup_fd(_nonblocking(ask_write))
    signal.signal(signal.SIGTERM, lambda *_: None)
    with contextlib.suppress(OSError):
        kernel.not_dumpable()
    pid = _fork_plain(become)
    program = os.pidfd_open(pid)
    for number in (0, 1, 2):
        os.close(number)
    select.select([program, keeper, ask_read], [], [])
    status: int | None = None
    with contextlib.suppress(ChildProcessError):
        done, status_now = os.waitpid(pid, os.WNOHANG)
        status = status_now if done else None
    while not tree.end_all_below(os.getpid(), _ENDING):
        pass
    if status is None or os.WIFSIGNALED(status):
        os._exit(128 + (signal.SIGKILL if status is None else os.WTERMSIG(status)))
    os._exit(os.WEXITSTATUS(status))


def _minded(become: Any) -> int:
    alive = os.pidfd_open(os.getpid())
    try:
        return _fork_plain(lambda: _mind(become, alive))
    finally:
        os.close(alive)


def _fork(become: Any) -> int:
    """Fork and run ``become``, which must exec; raises the OSError that it raised."""
    told, tell = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        try:
            become()
        except OSError as error:
            os.write(tell, f"{error.errno or errno.EIO} {error}".encode()[:4000])
        finally:
            os._exit(127)
    os.close(tell)
    with open(told, "rb") as file:
        text = file.read().decode(errors="replace")
    if text:
        os.waitpid(pid, 0)
        number, _, what = text.partition(" ")
        raise OSError(int(number), what)
    return pid


def _fork_plain(become: Any) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            signal.set_wakeup_fd(-1)
            become()
        except OSError as error:
            hint = _CLOSED if error.errno == errno.EACCES and os.getuid() != 0 else ""
            os.write(2, f"sandbox: {error}{hint}\n".encode())
        finally:
            os._exit(127)
    return pid


def _own_descriptors(wanted: list[int]) -> None:
    """Make the wanted descriptors 0, 1, 2, … and mark all others to be closed by exec."""
    high = [_moved_up(descriptor, len(wanted)) for descriptor in wanted]
    for number, descriptor in enumerate(high):
        os.dup2(descriptor, number, inheritable=True)
    for name in os.listdir("/proc/self/fd"):
        if int(name) >= len(wanted):
            with contextlib.suppress(OSError):
                os.set_inheritable(int(name), False)


def _moved_up(descriptor: int, above: int) -> int:
    import fcntl

    return int(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, above + 3))


def _become_user(uid: int | None) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGHUP, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    _in_own_session()
    os.umask(0o022)
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def _in_own_session() -> None:
    with contextlib.suppress(PermissionError):
        os.setsid()


def _count_processes(uid: int | None) -> int:
    # What RLIMIT_NPROC compares with: the threads of the real user.
    wanted = os.getuid() if uid is None else uid
    count = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{name}").st_uid == wanted:
                    count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _in_memory(content: bytes) -> int:
    descriptor = os.memfd_create("filter", os.MFD_CLOEXEC)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _nonblocking(descriptor: int) -> int:
    os.set_blocking(descriptor, False)
    return descriptor


def own_network(init: int, wanted: list[tuple[str, int]]) -> list[int]:
    """Return listening sockets that live in the network namespace of another process.

    Runs in a forked child that enters the namespace; addresses that are not loopback ones are
    given to its loopback device.
    """
    ours, theirs = channel.pair()
    pid = os.fork()
    if pid == 0:
        try:
            if not _enter(init, "net", kernel.CLONE_NEWNET):
                _enter(init, "user", kernel.CLONE_NEWUSER)
                _enter(init, "net", kernel.CLONE_NEWNET)
            made = [_listener(address, port, n) for n, (address, port) in enumerate(wanted)]
            channel.send(theirs, {}, [one.fileno() for one in made])
        except OSError as error:
            channel.send(theirs, {"error": str(error)})
        finally:
            os._exit(0)
    theirs.close()
    answer = channel.receive(ours)
    ours.close()
    os.waitpid(pid, 0)
    if answer is None or "error" in answer[0]:
        reason = answer[0]["error"] if answer else "it was killed"
        raise OSError(errno.EIO, f"the sandbox's network cannot be opened: {reason}")
    return answer[1]


def _enter(pid: int, name: str, kind: int) -> bool:
    descriptor = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        kernel.setns(descriptor, kind)
    except PermissionError:
        return False
    finally:
        os.close(descriptor)
    return True


def _listener(address: str, port: int, number: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if not address.startswith("127."):
        import fcntl
        import struct

        request = struct.pack(
            "16sHH4s8x", f"lo:{number}".encode(), socket.AF_INET, 0, socket.inet_aton(address)
        )
        fcntl.ioctl(sock, 0x8916, request)  # SIOCSIFADDR
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    sock.listen(64)
    return sock

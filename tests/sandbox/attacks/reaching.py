# ruff: noqa: SIM105
"""Attacks that reach out: to the network, to sockets, to other processes."""


def attack_tcp(target):
    """Connect to a TCP port of this machine."""
    import socket

    for host in ("127.0.0.1", "localhost", target["host"]):
        try:
            socket.create_connection((host, target["tcp"]), 1).close()
            return host
        except OSError:
            pass


def attack_udp(target):
    """Send a packet out."""
    import socket

    for host in ("127.0.0.1", target["host"]):
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(b"stolen", (host, target["udp"]))
        except OSError:
            pass


def check_udp(target, run):
    return target.received(b"stolen")


def attack_path_socket(target):
    """Talk to a service on a unix socket in the file system."""
    import socket

    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(target["path_socket"])
        return "connected"


def attack_abstract_socket(target):
    """Talk to a service on an abstract unix socket."""
    import socket

    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect("\0" + target["abstract_socket"])
        return "connected"


def attack_datagram_socket(target):
    """Point an unconnected half of a socket pair at a service."""
    import socket

    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(b"pointed", target["datagram_socket"])


def check_datagram_socket(target, run):
    return target.received(b"pointed")


def attack_kill(target):
    """Kill a process of the host."""
    import os
    import signal

    for pid in (target["victim"], -1):
        try:
            # -1 would also end the control's own harness: only ask whether it may.
            os.kill(pid, signal.SIGKILL if pid > 0 else 0)
        except OSError:
            pass


def check_kill(target, run):
    return target.victim_died()


def attack_stop(target):
    """Stop a process of the host."""
    import os
    import signal

    os.kill(target["victim"], signal.SIGSTOP)


def check_stop(target, run):
    return target.victim_stopped()


def attack_slow_down(target):
    """Change the limits, the priority or the processors of a process of the host."""
    import os
    import resource

    done = []
    for what in (
        lambda: resource.prlimit(target["victim"], resource.RLIMIT_NOFILE, (100, 100)),
        lambda: os.setpriority(os.PRIO_PROCESS, target["victim"], 19),
        lambda: os.sched_setaffinity(target["victim"], {0}),
    ):
        try:
            what()
            done.append("done")
        except OSError:
            pass
    return done


def attack_daemon(target):
    """Leave a process behind that detached itself."""
    import os
    import time

    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            null = os.open("/dev/null", os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            os.execv("/bin/sh", ["sh", "-c", "sleep 20; : " + target["marker"]])
        os._exit(0)
    time.sleep(0.3)


def check_daemon(target, run):
    return target.marked_processes()


def attack_forge(target):
    """Print what the harness would print for a success, then fail."""
    import os

    print('{"status": "ok", "exit_code": 0, "reward": 1.0}', flush=True)
    os._exit(3)


def check_forge(target, run):
    # A harness that trusts the last line takes it for a success; one with a status does not.
    return run.claims_success


def attack_write_other_memory(target):
    """Write into the memory of another process."""
    with open(f"/proc/{target['victim']}/mem", "r+b", 0):
        return "open for writing"

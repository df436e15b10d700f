# ruff: noqa: SIM105
"""Attacks that use up what others need. Each stops by itself beyond what the limits allow."""


def attack_fork_bomb(target):
    """Make more processes than allowed."""
    import os
    import time

    made = 0
    for _ in range(3 * target["processes"]):
        try:
            if os.fork() == 0:
                time.sleep(3)
                os._exit(0)
            made += 1
        except OSError:
            break
    return made if made > target["processes"] + 8 else None


def attack_memory(target):
    """Fill more memory than allowed."""
    kept = []
    for _ in range(2 * target["memory"] >> 24):
        kept.append(bytearray(b"x") * (1 << 24))
    return len(kept) << 24


def attack_memory_over_forks(target):
    """Fill memory in many processes, each of them modest."""
    import os
    import time

    pipe_out, pipe_in = os.pipe()
    for _ in range(10):
        if os.fork() == 0:
            kept = bytearray(b"x") * (target["memory"] // 4)
            os.write(pipe_in, b"x")
            time.sleep(2)
            os._exit(len(kept) == 0)
    os.close(pipe_in)
    time.sleep(1)
    filled = len(os.read(pipe_out, 100))
    return filled if filled > 6 else None


def attack_memory_of_nobody(target):
    """Fill memory that belongs to no process: files in memory, shared segments."""
    import ctypes
    import os

    filled = 0
    try:
        number = os.memfd_create("x")
        for _ in range(2 * target["memory"] >> 24):
            filled += os.write(number, b"x" * (1 << 24))
    except OSError:
        pass
    libc = ctypes.CDLL(None, use_errno=True)
    if filled <= target["memory"] and libc.shmget(0, ctypes.c_size_t(1 << 24), 0o1600) >= 0:
        return "a segment"
    return filled if filled > target["memory"] else None


def attack_memory_in_folders(target):
    """Fill every folder that can be written, wherever it is."""
    import os

    filled = 0
    places = ["/dev/shm", "/run", "/tmp", "/var/tmp", "/", "/dev", "/home/user", "/workspace", "."]
    for place in places:
        try:
            path = os.path.join(place, f"filled-{os.getpid()}")
            with open(path, "wb") as file:
                try:
                    while filled <= 3 * target["disk"]:
                        filled += file.write(b"x" * 1000_000)
                        file.flush()
                finally:
                    if filled > 3 * target["disk"]:
                        os.unlink(path)
        except OSError:
            pass
    return filled if filled > 2 * target["disk"] else None


def attack_endless(target):
    """Compute for ever."""
    import time

    end = time.monotonic() + 3 * target["seconds"]
    while time.monotonic() < end:
        pass
    return "still here"


def attack_deaf(target):
    """Wait for ever and ignore every signal."""
    import signal
    import time

    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    end = time.monotonic() + 3 * target["seconds"]
    while time.monotonic() < end:
        time.sleep(0.1)
    return "still here"


def attack_stop_itself(target):
    """Stop, so that nobody hears of the end."""
    import os
    import signal

    os.kill(os.getpid(), signal.SIGSTOP)


def check_stop_itself(target, run):
    return run.seconds > 2 * target["seconds"]


def attack_disk(target):
    """Write more bytes than allowed."""
    filled = 0
    for number in range(8):
        with open(f"file{number}", "wb") as file:
            for _ in range(target["disk"] >> 22):
                filled += file.write(b"x" * (1 << 20))
                file.flush()
    return filled if filled > target["disk"] else None


def check_disk(target, run):
    # Without a sized mount, the watch ends the program a moment later.
    return run.breached and run.status == "ok"


def attack_files(target):
    """Make more files than allowed."""
    made = 0
    try:
        for number in range(3 * target["files"]):
            open(f"f{number}", "w").close()
            made += 1
    except OSError:
        pass
    return made if made > target["files"] + 16 else None


def check_files(target, run):
    return run.breached and run.status == "ok"


def attack_flood(target):
    """Print without end."""
    for _ in range(20 * target["output"] // 1000):
        print("x" * 1000)


def check_flood(target, run):
    return len(run.stdout) > 2 * target["output"]

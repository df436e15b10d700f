# ruff: noqa: SIM102, SIM115
"""Attacks that read what is none of the program's business.

Each function is shipped as source and called with the target's description; what it returns is
the evidence that it succeeded. It may use nothing from outside itself.
"""


def attack_home_secret(target):
    """Read a file in the user's home."""
    return target["secret"] in open(target["secret_path"]).read()


def attack_secret_through_proc(target):
    """Read the file through the root or working folder of every process in sight."""
    import glob
    import os

    paths = glob.glob("/proc/[0-9]*/root") + glob.glob("/proc/[0-9]*/cwd")
    base = os.path.basename(target["secret_path"])
    for path in paths:
        for full in (path + target["secret_path"], f"{path}/{base}"):
            try:
                if target["secret"] in open(full).read():
                    return full
            except (OSError, UnicodeError):
                pass


def attack_own_environment(target):
    """Read a key from the environment."""
    import os

    return [name for name, value in os.environ.items() if target["key"] in value]


def attack_other_environments(target):
    """Read a key from the environment of other processes."""
    import glob

    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            if target["key"].encode() in open(path, "rb").read():
                return path
        except OSError:
            pass


def attack_memory_of_another(target):
    """Find a key in the memory of another process."""
    import os

    pids = {target["victim"], os.getppid(), *(int(n) for n in os.listdir("/proc") if n.isdigit())}
    for pid in pids - {os.getpid()}:
        try:
            maps = open(f"/proc/{pid}/maps").read().splitlines()
            with open(f"/proc/{pid}/mem", "rb", 0) as memory:
                for line in maps:
                    span, mode = line.split()[:2]
                    start, end = (int(part, 16) for part in span.split("-"))
                    if mode.startswith("rw") and end - start < 64 << 20:
                        memory.seek(start)
                        if target["planted"].encode() in memory.read(end - start):
                            return pid
        except (OSError, ValueError, OverflowError):
            pass


def attack_trace_another(target):
    """Attach to another process with ptrace, or read it with process_vm_readv."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(0x4206, target["victim"], None, None) == 0:  # PTRACE_SEIZE
        return "seized"


def attack_shared_segment(target):
    """Read a System V shared memory segment of another program."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    for number in (target["segment"], *range(64)):
        address = libc.shmat(number, None, 0o10000)
        if address not in (None, ctypes.c_void_p(-1).value):
            if ctypes.string_at(address, 64).startswith(target["planted"].encode()):
                return number


def attack_sibling_files(target):
    """Reach the connection file of a sibling that runs in the same sandbox."""
    import glob
    import os

    candidates = [target["sibling_path"], *glob.glob("../*/connection.json")]
    candidates += glob.glob("../../*/*/connection.json")
    candidates += glob.glob("/proc/[0-9]*/cwd/connection.json")
    candidates += glob.glob("/sys/kernel/*/*/connection.json")
    for path in candidates:
        try:
            if target["planted"] in open(os.path.join(os.getcwd(), path)).read():
                return path
        except OSError:
            pass


def attack_inherited_descriptors(target):
    """Use a descriptor that was left open."""
    import os

    for number in range(3, 1024):
        try:
            os.lseek(number, 0, 0)
            if target["secret"].encode() in os.read(number, 4096):
                return number
        except OSError:
            pass


def attack_project_files(target):
    """Read the project that the program which uses the sandbox lives in."""
    return "tracegraph" in open(target["project_file"]).read()

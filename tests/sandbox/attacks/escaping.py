# ruff: noqa: SIM105, SIM115
"""Attacks on the kernel, on privileges, on files of the host, and through what is collected."""


def attack_tamper(target):
    """Change, rename or delete files of the host."""
    import os

    path = target["host_file"]
    for what in (
        lambda: open(path, "a").write("changed"),
        lambda: os.rename(path, path + ".moved"),
        lambda: os.unlink(path),
        lambda: os.truncate(path, 0),
    ):
        try:
            what()
        except OSError:
            pass


def check_tamper(target, run):
    return target.host_file_changed()


def attack_modes(target):
    """Change the mode, owner or times of a file of the host."""
    import os

    for what in (
        lambda: os.chmod(target["host_file"], 0),
        lambda: os.utime(target["host_file"], (0, 0)),
        lambda: os.chmod(os.path.dirname(target["host_file"]), 0o700),
    ):
        try:
            what()
        except OSError:
            pass


def check_modes(target, run):
    return target.host_file_mode_changed()


def attack_setuid_program(target):
    """Run a setuid program and see it become root."""
    import subprocess
    import time

    for program in ("/usr/bin/su", "/bin/su", "/usr/bin/passwd", "/usr/bin/chsh"):
        try:
            process = subprocess.Popen(
                [program],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            continue
        time.sleep(0.3)
        try:
            for line in open(f"/proc/{process.pid}/status"):
                if line.startswith("Uid:") and line.split()[2] == "0":
                    return program
        except OSError:
            pass
        finally:
            process.kill()


def attack_user_namespace(target):
    """Become root in a user namespace of one's own."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000) == 0:
        return "a namespace"


def attack_clone_namespace(target):
    """The same through clone and clone3."""
    import ctypes
    import os
    import struct

    libc = ctypes.CDLL(None, use_errno=True)
    arguments = struct.pack("=8Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0)
    for number, argument in ((435, ctypes.c_char_p(arguments)), (56, ctypes.c_ulong(0x10000011))):
        size = ctypes.c_size_t(len(arguments)) if number == 435 else ctypes.c_void_p()
        pid = libc.syscall(number, argument, size, None, None, None)
        if pid == 0:
            os._exit(0)
        if pid > 0:
            os.waitpid(pid, 0)
            return number


def attack_mount(target):
    """Mount something, if need be in namespaces of one's own."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(0x10000000)
    libc.unshare(0x00020000)
    if libc.mount(b"tmpfs", b"/mnt", b"tmpfs", 0, None) == 0:
        libc.umount2(b"/mnt", 2)
        return "mounted"


def attack_kernel_surfaces(target):
    """Open parts of the kernel that programs rarely need and exploits often do."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    opened = []
    buffer = ctypes.create_string_buffer(256)
    calls = {
        "keyctl": (250, 0, ctypes.c_int(-3), 1),
        "add_key": (248, b"user", b"k", b"v", 1, ctypes.c_int(-3)),
        "io_uring_setup": (425, 2, buffer),
        "userfaultfd": (323, 1),
        "perf_event_open": (298, buffer, 0, ctypes.c_int(-1), ctypes.c_int(-1), 0),
        "bpf": (321, 0, buffer, 72),
        "memfd_secret": (447, 0),
        "fanotify_init": (300, 0, 0),
        "open_by_handle_at": (304, ctypes.c_int(-100), buffer, 0),
    }
    for name, arguments in calls.items():
        if libc.syscall(*arguments) >= 0 or ctypes.get_errno() not in (1, 38, 13):
            opened.append(name)
    return opened


def attack_devices(target):
    """Open raw devices, or make one."""
    import os
    import stat

    opened = []
    for folder in ("/dev", "/sys/kernel/debug"):
        try:
            names = os.listdir(folder)
        except OSError:
            names = ["mem", "kmsg", "vda", "sda", "fuse", "kvm", "net/tun", "loop-control"]
        for name in names:
            try:
                path = f"{folder}/{name}"
                raw = name in ("mem", "kmsg", "port", "fuse", "kvm")
                if raw or stat.S_ISBLK(os.stat(path).st_mode):
                    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
                    opened.append(name)
            except OSError:
                pass
    try:
        os.mknod("disk", 0o600 | stat.S_IFBLK, os.makedev(254, 0))
        os.close(os.open("disk", os.O_RDONLY))
        opened.append("mknod")
    except OSError:
        pass
    return opened


def attack_kernel_settings(target):
    """Open a setting of the kernel for writing."""
    import os

    settings = ("sys/kernel/core_pattern", "sys/vm/drop_caches", "sysrq-trigger")
    for path in (f"/proc/{one}" for one in settings):
        try:
            os.close(os.open(path, os.O_WRONLY))
            return path
        except OSError:
            pass


def attack_terminal(target):
    """Type into a terminal, as if the user had."""
    import fcntl
    import os
    import time

    controller, terminal = os.openpty()
    if os.fork() == 0:
        os.setsid()
        fcntl.ioctl(terminal, 0x540E, 0)  # TIOCSCTTY
        for letter in b"typed\n":
            fcntl.ioctl(terminal, 0x5412, bytes([letter]))  # TIOCSTI
        os._exit(0)
    time.sleep(0.2)
    os.set_blocking(controller, False)
    return b"typed" in os.read(controller, 100)


def attack_symbolic_link(target):
    """Leave a link to a secret among the results."""
    import os

    os.symlink(target["secret_path"], "result.txt")


def check_symbolic_link(target, run):
    return target["secret"].encode() in run.artifacts.get("result.txt", b"")


def attack_hard_link(target):
    """Leave a second name of a secret among the results."""
    import os

    os.link(target["secret_path"], "result.txt")


def check_hard_link(target, run):
    return target["secret"].encode() in run.artifacts.get("result.txt", b"")


def attack_linked_folder(target):
    """Leave a folder that leads out of the workspace."""
    import os

    os.symlink(os.path.dirname(target["secret_path"]), "results")


def check_linked_folder(target, run):
    return any(target["secret"].encode() in content for content in run.artifacts.values())


def attack_pipe_as_result(target):
    """Leave a named pipe among the results, which would make its reader wait for ever."""
    import os

    os.mkfifo("result.txt")


def check_pipe_as_result(target, run):
    return run.collector_hung


def attack_huge_result(target):
    """Leave a sparse file of a terabyte among the results."""
    with open("result.bin", "wb") as file:
        file.truncate(1 << 40)


def check_huge_result(target, run):
    return run.largest >= 1 << 30

"""Which system calls sandboxed code may not make, and why; numbers for x86-64 and AArch64."""

from __future__ import annotations

# Newer calls than this are unknown to this table and do not exist for sandboxed code.
NEWEST = 470

# Each line: what the calls would open, then name=x86-64/AArch64 ("-": not there). One number
# alone is for both.
_TABLE = {
    "keys": "add_key=248/217 request_key=249/218 keyctl=250/219",
    "other_processes": (
        "ptrace=101/117 process_vm_readv=310/270 process_vm_writev=311/271 process_madvise=440"
        " process_mrelease=448 kcmp=312/272 pidfd_getfd=438 migrate_pages=256/238"
        " move_pages=279/239"
    ),
    "kernel_programs": (
        "bpf=321/280 perf_event_open=298/241 userfaultfd=323/282 io_uring_setup=425"
        " io_uring_enter=426 io_uring_register=427 lookup_dcookie=212/18"
    ),
    "mounts": (
        "mount=165/40 umount2=166/39 pivot_root=155/41 chroot=161/51 open_tree=428"
        " move_mount=429 fsopen=430 fsconfig=431 fsmount=432 fspick=433 mount_setattr=442"
        " statmount=457 listmount=458 open_tree_attr=467"
    ),
    "namespaces": "unshare=272/97 setns=308/268",
    "machine": (
        "reboot=169/142 swapon=167/224 swapoff=168/225 kexec_load=246/104 kexec_file_load=320/294"
        " init_module=175/105 finit_module=313/273 delete_module=176/106 acct=163/89"
        " settimeofday=164/170 clock_settime=227/112 adjtimex=159/171 clock_adjtime=305/266"
        " sethostname=170/161 setdomainname=171/162 quotactl=179/60 quotactl_fd=443 iopl=172/-"
        " ioperm=173/- modify_ldt=154/- syslog=103/116 vhangup=153/58 nfsservctl=180/42"
        " uselib=134/- _sysctl=156/- create_module=174/-"
    ),
    "files_by_handle": (
        "open_by_handle_at=304/265 name_to_handle_at=303/264 fanotify_init=300/262"
        " fanotify_mark=301/263"
    ),
    "memory_nobody_counts": "memfd_secret=447 mq_open=240/180 mbind=237/235 set_mempolicy=238/237",
    "shared_memory": "memfd_create=319/279 shmget=29/194",
    "system_v": (
        "shmget=29/194 shmat=30/196 shmctl=31/195 msgget=68/186 msgsnd=69/189 msgrcv=70/188"
        " msgctl=71/187 semget=64/190 semop=65/193 semctl=66/191 semtimedop=220/192"
    ),
    "sockets": (
        "socket=41/198 connect=42/203 bind=49/200 listen=50/201 accept=43/202 accept4=288/242"
    ),
    "priorities": "setpriority=141/140 ioprio_set=251/30",
    "attributes": (
        "setxattr=188/5 lsetxattr=189/6 fsetxattr=190/7 removexattr=197/14 lremovexattr=198/15"
        " fremovexattr=199/16 setxattrat=463 removexattrat=466 file_setattr=469"
    ),
    "modes": (
        "chmod=90/- fchmod=91/52 fchmodat=268/53 fchmodat2=452 chown=92/- fchown=93/55"
        " lchown=94/- fchownat=260/54 utime=132/- utimes=235/- futimesat=261/- utimensat=280/88"
    ),
    "signals": (
        "kill=62/129 tkill=200/130 tgkill=234/131 rt_sigqueueinfo=129/138"
        " rt_tgsigqueueinfo=297/240 pidfd_send_signal=424"
    ),
    "programs": "fork=57/- vfork=58/- execve=59/221 execveat=322/281",
}

# Calls that are refused for some arguments only.
SINGLE = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "ioctl": (16, 29),
    "personality": (135, 92),
    "socketpair": (53, 199),
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "pidfd_send_signal": (424, 424),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}


def group(name: str) -> dict[str, tuple[int | None, int | None]]:
    """Return the calls of a group: name -> (x86-64 number, AArch64 number)."""
    calls: dict[str, tuple[int | None, int | None]] = {}
    for item in _TABLE[name].split():
        call, _, numbers = item.partition("=")
        intel, _, arm = numbers.partition("/")
        calls[call] = (int(intel), None if arm == "-" else int(arm or intel))
    return calls


def groups() -> list[str]:
    """Return the names of all groups."""
    return list(_TABLE)

"""The few Linux calls that the standard library lacks: namespaces, mounts, prctl. Nothing here decides anything."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER = 1, 4, 24, 36
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_CAPABILITY_VERSION = 0x20080522
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1, 4
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


class _Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Puts this process into new namespaces (a new PID namespace holds its next child). Raises OSError."""
    _check(_libc.unshare(flags), "unshare")


def set_hostname(name: str) -> None:
    """Names the host in this process's UTS namespace. Raises OSError."""
    raw = name.encode()
    _check(_libc.sethostname(raw, len(raw)), f"hostname {name}")


def die_with_parent(parent: int) -> None:
    """Has the kernel kill this process once the thread that forked it (of process `parent`) is gone."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl PR_SET_PDEATHSIG")
    if os.getppid() not in (parent, 0):  # it went before the call; 0: it is outside of our PID namespace
        os.kill(os.getpid(), signal.SIGKILL)


def adopt_orphans() -> None:
    """Makes this process the parent of its descendants whose own parent has ended."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl PR_SET_CHILD_SUBREAPER")


def keep_capabilities(kept: frozenset[int]) -> None:
    """Drops all capabilities but those of these numbers, from what a program may gain too. Raises OSError."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))
    for number in range(last + 1):
        if number not in kept:
            _check(_libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0), f"prctl PR_CAPBSET_DROP {number}")
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)  # a kernel before 4.3 has none
    # Three sets of two halves, the lower first: effective, permitted, inheritable.
    header, had = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    _check(_libc.capget(header, had), "capget")
    mask = sum(1 << number for number in kept) & (had[1] | had[4] << 32)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)), "capset")


def forbid_new_rights() -> None:
    """No program that this process or a child starts gains rights by its file (setuid, file capabilities)."""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS")


def refuse_to_be_read() -> None:
    """Closes this process's memory, files, root and program to others of its user, until it runs another program."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl PR_SET_DUMPABLE")


def filter_calls(program: bytearray) -> None:
    """Puts a filter of system calls (seccomp(2)), a packed BPF program, on this process and all that it will start.
    It keeps no secrets within one process: the slow guard against Spectre 4 stays off. Raises OSError."""
    number = _SECCOMP.get(platform.machine())
    if number is None:
        raise OSError(f"seccomp on {platform.machine()} is not known")
    code = (ctypes.c_char * len(program)).from_buffer(program)
    prog = _Program(len(program) // 8, ctypes.addressof(code))

    def put(flags: int) -> int:
        return int(_libc.syscall(ctypes.c_long(number), _SECCOMP_SET_MODE_FILTER, flags, ctypes.byref(prog)))

    done = put(_SECCOMP_FILTER_FLAG_SPEC_ALLOW)
    if done != 0 and ctypes.get_errno() == errno.EINVAL:  # a kernel before 4.17 has no such flag
        done = put(0)
    _check(done, "seccomp")


def mount(source: str, target: Path, kind: str, flags: int = 0, data: str = "") -> None:
    """mount(2). Raises OSError that names the target."""
    arguments = (source.encode(), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), data.encode() or None)
    _check(_libc.mount(*arguments), f"mount {kind or 'bind'} on {target}")


def enter_root(root: Path) -> None:
    """Makes the mount `root` this process's / and unmounts the old one. Raises OSError."""
    os.chdir(root)
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"pivot_root on {platform.machine()} is not known")
    _check(_libc.syscall(ctypes.c_long(number), b".", b"."), f"pivot_root {root}")
    _check(_libc.umount2(b".", _MNT_DETACH), "umount of the old root")
    os.chdir("/")


def own_user_namespace() -> None:
    """Enters a user namespace that maps only this user, on itself: enough to own a UTS namespace without root."""
    uid, gid = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")

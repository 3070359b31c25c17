"""What a namespace machine's processes may not ask of the kernel. A machine shares this host's kernel, and its root is
the host's root to it: what keeps that root in is a short list of rights, and a filter of system calls, both for good.

The rights are those of a container of Docker's without the ones that a node has no use for; the filter refuses what
Docker's default profile refuses to a container without CAP_SYS_ADMIN (docs.docker.com/engine/security/seccomp).
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterator

from tfinfra.localcloud.machines import linux

KEPT = {
    "CHOWN": 0,
    "DAC_OVERRIDE": 1,
    "FOWNER": 3,
    "FSETID": 4,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "NET_BIND_SERVICE": 10,
}
"""The capabilities (capabilities(7)) that setup scripts, package tools and ports below 1024 need."""

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_…, linux/audit.h
_X32 = 0x40000000

# Each: its number on x86_64 and on aarch64 (asm/unistd.h), None where it has none.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "setns": (308, 268),
    "open_by_handle_at": (304, 265),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "syslog": (103, 116),
    "iopl": (172, None),
    "ioperm": (173, None),
    "uselib": (134, None),
    "sysfs": (139, None),
    "_sysctl": (156, None),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "vhangup": (153, 58),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}

_SPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NEWTIME = 0x80  # for clone these bits are the signal of the child's end
_AF_VSOCK = 40  # leads past every network namespace, to a hypervisor
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _JUMP_ANY, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/filter.h
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data; arguments follow from 16 on, 8 bytes each

Instruction = tuple[int, int, int, int]


def confine() -> None:
    """Takes from this process, and from all that it will start, every right beyond `KEPT` and the refused system calls.
    Its own memory, files and root are closed to them. Nothing gives any of it back. Raises OSError."""
    filter_ = bytearray(b"".join(struct.pack("HBBI", *each) for each in instructions(platform.machine())))
    linux.keep_capabilities(frozenset(KEPT.values()))
    linux.forbid_new_rights()
    linux.refuse_to_be_read()
    linux.filter_calls(filter_)


def is_known(machine: str) -> bool:
    """Whether there is a filter for this architecture, as uname names it."""
    return machine in _ARCHITECTURES


def instructions(machine: str) -> list[Instruction]:
    """The filter as a classic BPF program of (code, jump if true, jump if false, operand); `machine` as in uname.
    Raises OSError for one that is not known."""
    if not is_known(machine):
        raise OSError(f"no filter of system calls is known for {machine}")
    return list(_program(machine))


def _program(machine: str) -> Iterator[Instruction]:
    """A program of another architecture gets no call at all: numbers mean something else there."""
    index = list(_ARCHITECTURES).index(machine)

    def number(on: tuple[int, int]) -> int:
        return on[index]

    yield _LOAD, 0, 0, _ARCHITECTURE
    yield _JUMP_EQUAL, 1, 0, _ARCHITECTURES[machine]
    yield _refuse(errno.EPERM)
    yield _LOAD, 0, 0, _NUMBER
    yield from ((_JUMP_ABOVE, 0, 1, _X32), _refuse(errno.ENOSYS)) if machine == "x86_64" else ()
    for numbers in REFUSED.values():
        if (refused := numbers[index]) is not None:
            yield _JUMP_EQUAL, 0, 1, refused
            yield _refuse(errno.EPERM)
    # Its flags lie in memory, where no filter looks; every C library falls back to clone.
    yield _JUMP_EQUAL, 0, 1, 435
    yield _refuse(errno.ENOSYS)
    yield from _with_argument(number((56, 220)), 0, ((_JUMP_ANY, _SPACES),))  # clone
    yield from _with_argument(number((272, 97)), 0, ((_JUMP_ANY, _SPACES | _NEWTIME),))  # unshare
    yield from _with_argument(number((41, 198)), 0, ((_JUMP_EQUAL, _AF_VSOCK),))  # socket
    yield from _with_argument(number((16, 29)), 1, ((_JUMP_EQUAL, _TIOCSTI), (_JUMP_EQUAL, _TIOCLINUX)))  # ioctl
    yield _RETURN, 0, 0, _ALLOW


def _with_argument(call: int, argument: int, tests: tuple[tuple[int, int], ...]) -> Iterator[Instruction]:
    """Refuses `call` where one of the tests holds of an argument's lower half: the kernel takes these as 32 bits."""
    yield _JUMP_EQUAL, 0, 2 * len(tests) + 2, call
    yield _LOAD, 0, 0, 16 + 8 * argument
    for code, operand in tests:
        yield code, 0, 1, operand
        yield _refuse(errno.EPERM)
    yield _RETURN, 0, 0, _ALLOW


def _refuse(number: int) -> Instruction:
    return _RETURN, 0, 0, _ERROR | number

"""What a hostile training script tries in its machine, run there as root by cloud-init. Each attempt says how it was
refused, or what it reached. `FACTS`, which the test puts into this text, tells what only the host could know."""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import platform
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

FACTS: dict[str, Any] = {}
LIBC = ctypes.CDLL(None, use_errno=True)
SPARE = Path("/opt/spare")
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def told(work: Callable[[], object]) -> str:
    """ENODATA where there is nothing of what was looked for."""
    try:
        found = work()
    except OSError as fault:
        return errno.errorcode.get(fault.errno or 0, str(fault))
    return f"reached: {found!r}" if found else "ENODATA"


def checked(result: int) -> str:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return f"answered {result}"


def call(number: int, *arguments: int) -> str:
    padded = [ctypes.c_long(value) for value in (*arguments, *[0] * (6 - len(arguments)))]
    return checked(LIBC.syscall(ctypes.c_long(number), *padded))


def run(*line: str) -> str:
    """What the command did. Raises OSError with EPERM where it fails."""
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=20)
    if done.returncode:
        raise OSError(errno.EPERM, done.stderr)
    return f"done: {done.stdout}"


def write(path: str) -> str:
    return f"written {Path(path).write_text('x')}"


def start(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(4)


def mount(*words: str) -> str:
    SPARE.mkdir(exist_ok=True)
    return run("mount", *words)


def link(source: str, target: str) -> str:
    Path(target).hardlink_to(source)
    return "linked"


def cache(name: str) -> str:
    return f"{FACTS['cache']}/{name}"


def shared(name: str) -> str:
    return f"{FACTS['shared']}/{name}"


def through_its_descriptor() -> str:
    return write(f"/proc/self/fd/{os.open(FACTS['cache'], os.O_PATH)}/poison")


def after_a_move() -> str:
    moved = Path(shared("c")).rename(shared("d"))
    try:
        return write(f"{moved}/inputs/mine")
    finally:
        moved.rename(shared("c"))


def other_roots() -> list[str]:
    own = Path("/").stat()
    return [str(p) for p in Path("/proc").glob("[0-9]*/root") if readable(p) and not os.path.samestat(p.stat(), own)]


def readable(path: Path) -> bool:
    try:
        return bool(path.stat())
    except OSError:
        return False


def entries(*paths: str) -> list[str]:
    """What is there of them: the files, and what lies in the folders."""
    found = [path for path in map(Path, paths) if path.exists()]
    return [str(name) for path in found for name in (path.iterdir() if path.is_dir() else [path])]


def homes() -> Iterator[str]:
    yield from ("/home", "/root")
    yield from (p.pw_dir for p in pwd.getpwall() if 1000 <= p.pw_uid < 60000 and p.pw_dir != "/")


def passwords() -> list[str]:
    lines = Path("/etc/shadow").read_text().splitlines()
    assert any(line.startswith("root:") for line in lines)
    return [line for line in lines if line.split(":")[1] != "*"]


def connect(family: int, address: Any) -> str:
    with socket.socket(family) as client:
        client.settimeout(5)
        client.connect(address)
    return "connected"


def init_memory() -> str:
    found = ctypes.create_string_buffer(8)
    here, there = (ctypes.c_uint64 * 2)(ctypes.addressof(found), 8), (ctypes.c_uint64 * 2)(0x400000, 8)
    return checked(LIBC.process_vm_readv(1, ctypes.byref(here), 1, ctypes.byref(there), 1, 0))


def setuid_program() -> bool:
    shutil.copy("/usr/bin/id", "/opt/id")
    Path("/opt/id").chmod(0o4755)
    return "euid=0" in run(*NOBODY, "/opt/id")


def by_the_32_bit_entry() -> bool:
    """getpid by `int 0x80`, in a child: a kernel that does not have it kills."""
    if platform.machine() != "x86_64":
        return False
    pid = os.fork()
    if pid == 0:
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(bytes.fromhex("b814000000cd80c3"))
        said = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
        os._exit(said == -errno.EPERM)
    return os.waitpid(pid, 0)[1] == 0


ATTEMPTS: dict[str, Callable[[], object]] = {
    "umount of a mask": lambda: run("umount", "-l", "/root"),
    "umount of a mask by the call itself": lambda: checked(LIBC.umount2(b"/root", 2)),
    "umount of all": lambda: run("umount", "-a", "-l"),
    "remount of the cache": lambda: mount("-o", "remount,bind,rw", FACTS["cache"]),
    "bind mount of the system's root, without its masks": lambda: mount("--bind", "/", str(SPARE)),
    "an overlay below the masks": lambda: mount("-t", "overlay", "-o", "lowerdir=/:/usr", "overlay", str(SPARE)),
    "a file system in memory": lambda: mount("-t", "tmpfs", "tmpfs", str(SPARE)),
    "a fresh proc": lambda: mount("-t", "proc", "proc", str(SPARE)),
    "a fresh sysfs": lambda: mount("-t", "sysfs", "sysfs", str(SPARE)),
    "the host's control groups": lambda: mount("-t", "cgroup2", "cgroup2", str(SPARE)),
    "a new file in the cache": lambda: write(cache("poison")),
    "another content in the cache": lambda: write(cache("marker")),
    "another mode in the cache": lambda: Path(cache("marker")).chmod(0o777),
    "another time in the cache": lambda: os.utime(cache("marker")),
    "no marker in the cache": lambda: Path(cache("marker")).unlink(),
    "the cache through its descriptor": through_its_descriptor,
    "a link out of the cache": lambda: link(cache("marker"), shared("marker")),
    "a writable link of an input": lambda: link(shared("c/inputs/mine"), shared("mine")),
    "another content of an input": lambda: write(shared("c/inputs/mine")),
    "another folder of inputs": lambda: Path(shared("c/inputs")).rename(shared("c/moved")),
    "an input whose container was moved": after_a_move,
    "the host's core pattern": lambda: write("/proc/sys/kernel/core_pattern"),
    "the host's swappiness": lambda: write("/proc/sys/vm/swappiness"),
    "sysrq": lambda: write("/proc/sysrq-trigger"),
    "a setting below /sys": lambda: write("/sys/kernel/mm/ksm/run"),
    "the kernel's memory": lambda: start("/proc/kcore"),
    "the kernel's log": lambda: start("/proc/kmsg"),
    "the state of each page of the host's memory": lambda: start("/proc/kpageflags"),
    "what the kernel has allocated": lambda: start("/proc/slabinfo") + start("/proc/vmallocinfo"),
    "a descriptor of the init's": lambda: call(438, os.pidfd_open(1), 0, 0),
    "the memory of a page of the init's": init_memory,
    "an extended attribute that an overlay obeys": lambda: os.setxattr("/opt", "trusted.overlay.redirect", b"/root"),
    "a whiteout": lambda: os.mknod("/opt/whiteout", 0o020000, 0),
    "the capabilities of a file": lambda: os.setxattr(shared("mine"), "security.capability", bytes(20)),
    "the host's disk": lambda: os.mknod("/opt/disk", 0o060600, os.makedev(*FACTS["disk"])),
    "the host's memory": lambda: os.mknod("/opt/mem", 0o020600, os.makedev(1, 1)),
    "disks among the devices": lambda: [str(p) for p in Path("/dev").iterdir() if p.is_block_device()],
    "a trace of the init": lambda: checked(LIBC.ptrace(16, 1, 0, 0)),
    "the init's memory": lambda: start("/proc/1/mem"),
    "the init's environment": lambda: Path("/proc/1/environ").read_bytes(),
    "the init's program": lambda: Path("/proc/1/exe").readlink(),
    "the init's root": lambda: list(Path("/proc/1/root/").iterdir()),
    "the init's folder": lambda: list(Path("/proc/1/cwd/").iterdir()),
    "the init's open files": lambda: Path("/proc/1/fd/1").readlink(),
    "the init's namespaces": lambda: run("nsenter", "--target", "1", "--all", "id"),
    "its own namespace again": lambda: checked(LIBC.setns(os.open("/proc/self/ns/mnt", os.O_RDONLY), 0)),
    "another process's root": other_roots,
    "a file by its handle": lambda: call(FACTS["calls"]["open_by_handle_at"], os.open("/", os.O_RDONLY), 0, 0),
    "a user namespace with mounts": lambda: run("unshare", "-Urm", "mount", "-t", "tmpfs", "x", "/mnt"),
    "a user namespace of nobody's": lambda: run(*NOBODY, "unshare", "-U", "id"),
    "a user namespace by clone": lambda: call(FACTS["clone"], 0x10000000 | signal.SIGCHLD),
    "a user namespace by clone3": lambda: call(435, ctypes.addressof((ctypes.c_uint64 * 11)(0x10000000)), 88),
    "a root of its own": lambda: os.chroot("/opt"),
    "a kernel module": lambda: run("modprobe", "loop"),
    "the clock": lambda: checked(LIBC.clock_settime(0, (ctypes.c_long * 2)(int(time.time()), 0))),  # as it is: no harm
    "a network link": lambda: run("ip", "link", "add", "d0", "type", "dummy"),
    "another address": lambda: run("ip", "address", "add", "10.77.0.99/24", "dev", "eth0"),
    "raw packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "a socket to the hypervisor": lambda: socket.socket(40, socket.SOCK_STREAM),
    "a process of the host": lambda: checked(LIBC.kill(FACTS["pid"], 0)),
    "the host's processes": lambda: [p.name for p in Path("/proc").glob("[0-9]*") if int(p.name) > 2000],
    "a port of the host's loopback": lambda: connect(socket.AF_INET, ("127.0.0.1", FACTS["port"])),
    "a socket of the host": lambda: connect(socket.AF_UNIX, FACTS["socket"]),
    "an abstract socket of the host": lambda: connect(socket.AF_UNIX, "\0" + FACTS["abstract"]),
    "container engines": lambda: entries("/run/docker.sock", "/var/run/docker.sock", "/run/containerd", "/run/podman"),
    "the host's services": lambda: entries("/run/dbus", "/run/systemd", "/run/user"),
    "homes": lambda: entries(*homes()),
    "what lies beside the system": lambda: entries(*FACTS["beside"]),
    "the local cloud's state": lambda: entries(FACTS["state"]),
    "what the host's users may not read": lambda: entries(*FACTS["private"]),
    "passwords": passwords,
    "a setuid program": setuid_program,
    "a program of another architecture": by_the_32_bit_entry,
}


def main() -> dict[str, Any]:
    """All attempts, each refused call made with nothing but zeros, a call of x32, and this process's rights."""
    calls = {name: told(partial(call, number)) for name, number in FACTS["calls"].items()}
    kept = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp:")
    lines = Path("/proc/self/status").read_text().splitlines()
    status = [" ".join(line.split()) for line in lines if line.startswith(kept)]
    said = {sentence: told(work) for sentence, work in ATTEMPTS.items()}
    return {**said, "calls": calls, "x32": told(lambda: call(0x40000000 | 39)), "status": status}


if __name__ == "__main__":
    half = Path("/opt/half")
    half.write_text(json.dumps(main()))
    half.rename("/opt/told.json")

"""The init of one set of namespace machines: makes the bridge, and a keeper for each node, which keeps the network
and the disks of a node. For each boot of it the keeper forks a board, which makes the namespaces that a boot has anew
and forks the own init of the node into them. All of it dies when the supervisor does."""

from __future__ import annotations

import os
import signal
import socket
import traceback
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import NoReturn

from tfinfra.localcloud.machines import linux
from tfinfra.localcloud.machines.interface import Disk
from tfinfra.localcloud.machines.machine_record import REBOOT, REBOOTING
from tfinfra.localcloud.machines.namespaces import node_init, node_masks, node_root
from tfinfra.localcloud.machines.namespaces.node_init import Job
from tfinfra.system.process.commands import finished

_OWN = linux.CLONE_NEWNET | linux.CLONE_NEWNS | linux.CLONE_NEWUTS
_OF_A_BOOT = linux.CLONE_NEWNS | linux.CLONE_NEWIPC | linux.CLONE_NEWPID


def run(job: Job, parent: int) -> NoReturn:
    """Boots the nodes, each of which reports to the supervisor, and reaps until all have ended."""
    _guard(lambda: _run(job, parent), job.report, "machines")


def _run(job: Job, parent: int) -> None:
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    linux.die_with_parent(parent)
    linux.unshare(linux.CLONE_NEWNET | linux.CLONE_NEWNS)
    linux.mount("none", Path("/"), "", linux.MS_REC | linux.MS_PRIVATE)
    node_masks.look(job.spec.mounts)  # for all of them: it reads through the system's folders
    keepers = [_fork_keeper(job, index) for index in range(len(job.spec.instances))]
    for _, link in keepers:
        link.recv(1)
    # The set's own network: one veth per node, its other end `eth0` in the node's.
    lines = ["link add br0 type bridge", "link set br0 up"]
    for index, (pid, _) in enumerate(keepers):
        lines += [f"link add veth{index} type veth peer name eth0 netns {pid}", f"link set veth{index} master br0 up"]
    _ip(lines)
    for _, link in keepers:
        link.send(b"1")
    job.report.close()
    _reap()


def _fork_keeper(job: Job, index: int) -> tuple[int, socket.socket]:
    """A node's keeper: its pid, and the link over which it says that its namespaces are made, and hears that its
    network is joined."""
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _guard(lambda: _keep(job, index, theirs, parent), job.report, job.spec.instances[index].name)
    theirs.close()
    return pid, ours


def _keep(job: Job, index: int, link: socket.socket, parent: int) -> None:
    linux.die_with_parent(parent)
    linux.unshare(_OWN)
    link.send(b"1")
    link.recv(1)
    prefix = ip_network(job.spec.network).prefixlen
    _ip(
        [
            "link set lo up",
            f"address add {node_init.METADATA[0]}/32 dev lo",
            f"address add {job.addresses[index]}/{prefix} dev eth0",
            "link set eth0 up",
        ]
    )
    folder = job.spec.folder / job.spec.instances[index].name
    folder.mkdir(exist_ok=True)
    node_root.make_disk(folder, job.spec.disk, job.spec.mounts)
    _boot(job, index, first=True)
    while (folder / REBOOT).exists():
        (folder / REBOOT).rename(folder / REBOOTING)  # before the boot: one that fails is not tried for ever
        _boot(job, index, first=False)


def _boot(job: Job, index: int, *, first: bool) -> None:
    """One boot of the node, to its end."""
    keeper = os.getpid()
    if os.fork() == 0:
        _guard(lambda: _board(job, index, keeper, first=first), job.report, job.spec.instances[index].name)
    _reap()


def _board(job: Job, index: int, keeper: int, *, first: bool) -> None:
    """Each boot has a board of its own: in its life a process can make one new PID namespace for its children."""
    linux.die_with_parent(keeper)
    linux.unshare(_OF_A_BOOT)
    board = os.getpid()
    ours, theirs = socket.socketpair() if job.spec.disk else (None, None)
    if os.fork() == 0:
        name = job.spec.instances[index].name
        _guard(lambda: node_init.boot(job, index, board, theirs, first=first), job.report, name)
    job.report.close()
    if job.spec.disk and ours and theirs:
        theirs.close()
        _grow_when_asked(ours, job.spec.disk)
    _reap()


def _grow_when_asked(machine: socket.socket, disk: Disk) -> None:
    """Gives the machine's disk its full size when the machine asks for it, until the machine closes its end. This
    process has the machine's root by now, and the rights that the machine lacks."""
    while machine.recv(100):
        try:
            node_root.grow_disk(disk)
            machine.sendall(f"the disk has grown to {disk.size_mb} MB".encode())
        except OSError as fault:
            print(f"the disk could not grow: {fault}", flush=True)
            return


def _guard(work: Callable[[], None], report: socket.socket, name: str) -> NoReturn:
    """Runs `work` in a forked process, which must not run on in its caller's code; a fault is reported."""
    try:
        work()
    except Exception as fault:  # noqa: BLE001 - the outermost edge of this process: the supervisor must hear it
        traceback.print_exc()
        node_init.say(report, {"name": name, "error": str(fault) or repr(fault)})
    finally:
        os._exit(0)


def _reap() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def _ip(lines: list[str]) -> None:
    done = finished(
        ["ip", "-batch", "-"],
        input="\n".join(lines) + "\n",
    )
    if done.returncode:
        raise OSError(f"ip: {done.stderr.strip()}")

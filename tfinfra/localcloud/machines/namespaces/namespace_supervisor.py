"""Holds one scale set of namespace machines. This process stays in the host's namespaces and forwards
connections; its child is the init of a PID namespace with the set's bridge and mounts. When this process dies, the
kernel ends that namespace and all in it."""

from __future__ import annotations

import array
import asyncio
import json
import os
import signal
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_network
from itertools import islice
from pathlib import Path
from typing import Any

from tfinfra.localcloud.machines import linux
from tfinfra.localcloud.machines.interface import ScaleSetSpec
from tfinfra.localcloud.machines.machine_record import (
    REBOOTING,
    ProcessId,
    Record,
    first_record,
    identify,
    write_record,
)
from tfinfra.localcloud.machines.namespaces import forwarding, node_init, set_init

_ROOM = socket.CMSG_SPACE(struct.calcsize("iII")) + socket.CMSG_SPACE(64 * 4)  # for a pid and the descriptors
_RESERVED = 3  # Azure keeps a subnet's first addresses: the first machine gets .4


@dataclass(frozen=True)
class Booting:
    """What a node reported: its init as the host knows it, and its listening sockets (metadata, ARM, then the spec's
    doors)."""

    name: str
    process: ProcessId | None
    listeners: tuple[socket.socket, ...]


@dataclass
class _Reboots:
    """Hears of the nodes that have booted again or could not, and updates the record."""

    folder: Path
    record: Record
    ours: socket.socket

    def hear(self) -> None:
        """Takes one message; returns at once where there is none."""
        try:
            text, parts, _, _ = self.ours.recvmsg(1 << 16, _ROOM, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if not text:
            asyncio.get_running_loop().remove_reader(self.ours)
            return
        said: dict[str, str] = json.loads(text)
        process = identify(_ancillary(parts)[0])
        changed: dict[str, Any] = {"process": process}
        if error := said.get("error"):
            changed = {"exit_status": 1, "message": f"it did not boot again: {error}"}
        rows = (replace(i, **changed) if i.name == said["name"] else i for i in self.record.instances)
        self.record = replace(self.record, instances=tuple(rows))
        write_record(self.folder, self.record)
        (self.folder / said["name"] / REBOOTING).unlink(missing_ok=True)


def node_addresses(network: str, count: int) -> tuple[str, ...]:
    """The first `count` addresses that Azure would give out in `network`. Raises OSError where it is too small."""
    found = tuple(str(a) for a in islice(ip_network(network).hosts(), _RESERVED, _RESERVED + count))
    if len(found) < count:
        raise OSError(f"the subnet {network} has no room for {count} machines")
    return found


def supervise(spec: ScaleSetSpec, ready: Callable[[], None]) -> None:
    """Boots the machines of `spec`, calls `ready`, and forwards their connections until all have ended."""
    addresses = node_addresses(spec.network, len(spec.instances))
    record = first_record("namespace", spec, addresses)
    write_record(spec.folder, record)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    supervisor = os.getpid()
    linux.unshare(linux.CLONE_NEWPID)  # the next child is the set's init, the first process of that namespace
    init = os.fork()
    if init == 0:
        ours.close()  # or the nodes could still send when the supervisor is gone
        set_init.run(node_init.Job(spec, addresses, theirs), supervisor)
    theirs.close()
    booting = {b.name: b for b in (_receive(ours) for _ in spec.instances)}
    processes = tuple(replace(i, process=booting[i.name].process) for i in record.instances)
    record = replace(record, init=identify(init), instances=processes)
    write_record(spec.folder, record)
    ready()
    asyncio.run(_forward(spec, booting, init, _Reboots(spec.folder, record, ours)))


def _receive(ours: socket.socket) -> Booting:
    """The next node's message. Raises OSError with the reason where one could not be made."""
    text, parts, _, _ = ours.recvmsg(1 << 16, _ROOM)
    if not text:
        raise OSError("the machines' init ended; see supervisor.log")
    said: dict[str, Any] = json.loads(text)
    if "error" in said:
        raise OSError(f"{said['name']}: {said['error']}")
    pid, fds = _ancillary(parts)
    return Booting(said["name"], identify(pid), tuple(socket.socket(fileno=fd) for fd in fds))


def _ancillary(parts: list[tuple[int, int, bytes]]) -> tuple[int, list[int]]:
    """The sender's pid, which the kernel has translated to this process's view, and the descriptors it sent."""
    pid, fds = 0, array.array("i")
    for level, kind, data in parts:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            pid = struct.unpack("iII", data)[0]
        elif (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return pid, fds.tolist()


async def _forward(spec: ScaleSetSpec, booting: dict[str, Booting], init: int, reboots: _Reboots) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGCHLD, ended.set)  # the init is the only child
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_reader(reboots.ours, reboots.hear)
    if os.waitpid(init, os.WNOHANG)[0]:  # it ended before anyone listened for that
        return
    arm = forwarding.to_socket(spec.arm_socket)
    listeners: list[tuple[socket.socket, forwarding.Handler]] = []
    for instance in spec.instances:
        handlers = [forwarding.to_url(instance.metadata_url), arm, *map(forwarding.to_port, spec.doors)]
        listeners += zip(booting[instance.name].listeners, handlers, strict=True)
    await forwarding.serve(listeners, ended)

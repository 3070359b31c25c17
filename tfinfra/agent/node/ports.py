"""Consecutive ports for a node's tasks, held against other runs on the same machine.

TensorFlow binds *:port, so a port is unique per machine, whatever address a node has: a lock file per port says who
holds it (until the agent ends), and binding it says whether anything else does.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tfinfra.agent.node.machine_locks import try_lock
from tfinfra.agent.node.private_folder import own_folder
from tfinfra.agent.node_errors import NodeFault

_LAST_PORT = 32767  # above are the ports that Linux gives to outgoing connections
_CONNECTED, _LISTEN = "01", "0A"  # include/net/tcp_states.h


@dataclass
class PortLease:
    """`count` ports from `base`, until `release` or the end of the process."""

    base: int
    count: int
    descriptors: tuple[int, ...]

    def release(self) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = ()


def lease_ports(first: int, count: int, folder: Path) -> PortLease:
    """The first `count` consecutive free ports from `first` on; `folder` is one for all runs of this user.

    Raises NodeFault where there are none, or where the folder is not this user's own.
    """
    own_folder(folder)
    for base in range(first, _LAST_PORT - count, count):
        if lease := _try_lease(base, count, folder):
            return lease
    raise NodeFault(f"no {count} consecutive free ports between {first} and {_LAST_PORT}")


def is_free(port: int) -> bool:
    """Whether a server could bind *:port now, over IPv4 and, where the machine has it, IPv6."""
    has_ipv6 = socket.has_ipv6 and Path("/proc/net/if_inet6").exists()
    return _binds(socket.AF_INET, "", port) and (not has_ipv6 or _binds(socket.AF_INET6, "::", port))


def meets(own: int, others: Collection[int]) -> bool:
    """Whether somebody listens on the port `own` now, or is connected to one of the `others`, as this machine's network
    says it: asking by a bind or a connection would be in the way of the server itself (proc(5), /proc/net/tcp)."""
    for table in ("tcp", "tcp6"):
        try:
            rows = Path("/proc/self/net", table).read_text("utf-8").splitlines()[1:]
        except OSError:  # a kernel without IPv6
            continue
        for _, local, remote, state, *_ in map(str.split, rows):
            if (state == _LISTEN and _port(local) == own) or (state == _CONNECTED and _port(remote) in others):
                return True
    return False


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _try_lease(base: int, count: int, folder: Path) -> PortLease | None:
    held: list[int] = []
    for port in range(base, base + count):
        lock = os.open(folder / f"{port}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        descriptor = try_lock(lock)
        if descriptor is not None:
            held.append(descriptor)
        if descriptor is None or not is_free(port):
            PortLease(base, count, tuple(held)).release()
            return None
    return PortLease(base, count, tuple(held))


def _binds(family: socket.AddressFamily, host: str, port: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection in TIME_WAIT is no server
        if family is socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True

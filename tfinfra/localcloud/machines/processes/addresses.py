"""Addresses in 127/8 for process machines: one /24 per scale set (more where it is large), unique on this machine."""

from __future__ import annotations

import errno
import socket
import sys
import zlib
from dataclasses import dataclass, field

_FIRST, _PER_BLOCK = 4, 250
_BLOCKS = 64 * 256  # 127.64.0 to 127.127.255: clear of 127.0.0.1 and of Debian's 127.0.1.1


@dataclass(frozen=True)
class Lease:
    """`addresses` belong to the process that keeps `locks` open; the kernel takes them back when that process ends."""

    addresses: tuple[str, ...]
    locks: tuple[socket.socket, ...] = field(default=(), repr=False)


def lease_addresses(set_id: str, count: int) -> Lease:
    """`count` addresses that no other scale set on this machine has: 127.0.0.1 for all where it has no others.

    The lease is an abstract Unix socket per /24, which every user of the machine sees and no crash leaves behind.
    Raises OSError where all are taken.
    """
    if sys.platform != "linux" or not _has_loopback_block():
        return Lease(("127.0.0.1",) * count)
    start = zlib.crc32(set_id.encode())
    blocks: list[str] = []
    locks: list[socket.socket] = []
    for offset in range(_BLOCKS):
        if len(blocks) * _PER_BLOCK >= count:
            break
        number = (start + offset) % _BLOCKS
        block = f"127.{64 + number // 256}.{number % 256}"
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0tfinfra-{block}")
        except OSError as fault:
            lock.close()
            if fault.errno != errno.EADDRINUSE:
                raise
            continue
        blocks.append(block)
        locks.append(lock)
    addresses = tuple(f"{block}.{_FIRST + i}" for block in blocks for i in range(_PER_BLOCK))[:count]
    if len(addresses) < count:
        raise OSError("all local addresses from 127.64.0.0 on are in use by other scale sets")
    return Lease(addresses, tuple(locks))


def _has_loopback_block() -> bool:
    """Whether all of 127/8 is this machine's loopback, as on Linux; macOS has 127.0.0.1 alone."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.64.0.4", 0))
        except OSError:
            return False
    return True

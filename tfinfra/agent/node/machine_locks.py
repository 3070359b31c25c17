"""Locks among the agents of one machine: they end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os


def try_lock(descriptor: int) -> int | None:
    """`descriptor`, locked until it is closed; None, and closed, where another process holds the lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor

"""A node's folder for temporary files: its own, with a name short enough for the sockets in it, gone with the node."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tfinfra.agent.node.machine_locks import try_lock
from tfinfra.agent.node.private_folder import own_folder
from tfinfra.system.strange_trees import remove_tree

_LONGEST = 60  # sockets below it must fit into the 108 bytes of a Unix socket's path


@dataclass
class TemporaryFolder:
    """`path` exists until `remove`. Where its agent dies first, the next agent on the machine removes it."""

    path: Path
    descriptor: int | None = None

    def remove(self) -> None:
        """Removes the folder where it is not the machine's own."""
        if self.descriptor is not None:
            with suppress(OSError):
                remove_tree(self.path)
            os.close(self.descriptor)
            self.descriptor = None


def temporary_folder(root: Path, common: Path) -> TemporaryFolder:
    """<root>/tmp, or where that is too long a folder in `common`, which all nodes of this user on the machine share.

    Raises NodeFault where `common` is not this user's own.
    """
    folder = root / "tmp"
    if len(str(folder)) <= _LONGEST:
        folder.mkdir(parents=True, exist_ok=True)
        return TemporaryFolder(folder)
    own_folder(common)
    for left in common.iterdir():  # by agents that were killed, and no longer hold its lock
        descriptor = _lock(left)
        if descriptor is not None:
            TemporaryFolder(left, descriptor).remove()
    made = common / hashlib.sha256(str(root).encode()).hexdigest()[:12]
    return TemporaryFolder(made, _make_and_lock(made))


def _make_and_lock(folder: Path) -> int:
    """Again, where another agent has swept it between the two."""
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = _lock(folder)
        if descriptor is not None and folder.exists():
            return descriptor
        if descriptor is not None:
            os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """A lock on the folder itself, until the descriptor is closed; None where another agent has it or it is gone."""
    try:
        return try_lock(os.open(folder, os.O_RDONLY | os.O_NOFOLLOW))
    except FileNotFoundError:
        return None

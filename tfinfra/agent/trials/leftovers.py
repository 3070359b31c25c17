"""What a trial must not leave to the next one on its node: processes, and memory that was shared by name."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from tfinfra.agent.node.strays import Strays
from tfinfra.system.strange_trees import remove_tree

MEMORY = Path("/dev/shm")  # noqa: S108  nothing is written to it here
_log = logging.getLogger(__name__)


class Leftovers:
    """Made before the first trial: what is there then, by the setup script or the image, stays. `own_machine`: no other
    run has its processes' memory there; a machine that is a process shares that of its user."""

    def __init__(self, *, own_machine: bool) -> None:
        self._strays = Strays()
        self._memory = MEMORY if own_machine else None
        self._known = frozenset(_names(self._memory))

    def clear(self) -> None:
        """Ends the processes, then gives back the memory: a killed process leaves it until the machine's end."""
        self._strays.end()
        if self._memory is not None and (left := set(_names(self._memory)) - self._known):
            _log.info("what was left in %s is removed: %s", self._memory, ", ".join(sorted(left)[:5]))
            for name in left:
                _remove(self._memory / name)


def _names(folder: Path | None) -> list[str]:
    try:
        return os.listdir(folder) if folder is not None else []  # noqa: PTH208
    except OSError:
        return []


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            remove_tree(path)
        else:
            path.unlink()

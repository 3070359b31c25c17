"""The numbers of the requests that a node has taken: on its disk, so that none is taken again after its agent's end."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


class TakenNumbers:
    """<folder>/<number> is there for each, until it has expired: nobody takes it then anyway."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = folder / "taken"
        self._clock = clock

    def take(self, number: str, expires: float) -> bool:
        """Whether nobody has before; on the disk once this returns. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(self._folder / number, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return False
        try:
            os.utime(descriptor, (expires, expires))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._sync()
        self._forget()
        return True

    def _sync(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _forget(self) -> None:
        now = self._clock()
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < now:
                    path.unlink()

"""A run's ./logs on this machine, out of its store: while it goes on its node 0 puts there what has changed, as long as
somebody asks for it; once it has ended they are among what the nodes collect."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Protocol

from tfinfra.model import Beat, Mirrored
from tfinfra.store import LARGE, ObjectStore, encode, keys, readable, store_errors
from tfinfra.store.landing import Landing, Unplaceable
from tfinfra.system.clock import right_now

_COLLECTED = f"{keys.OUTPUTS}/logs"


class ComingLogs(Protocol):
    """What brings a run's ./logs to this machine."""

    def look(self) -> int:
        """Brings what is new: how many files. A file that does not come is tried again at the next look. Raises what
        the store raises."""


class Mirror:
    """The logs of a run that goes on. Files land in `folder`, which nothing else writes to."""

    def __init__(self, store: ObjectStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._there: dict[str, str] = {}

    def look(self) -> int:
        """Asks for ./logs once more, and brings what has changed."""
        self._store.put(keys.MIRROR, encode(Beat(right_now())))
        found = readable(self._store, keys.MIRRORED, Mirrored, LARGE)
        states = found.files if found else {}
        changed = [key for key, state in states.items() if self._there.get(key) != state]
        came = _land(self._store, self._folder, [(key, keys.mirrored_path(key)) for key in changed])
        self._there |= {key: states[key] for key in came}
        return len(came)


class Collected:
    """The logs of a run that has ended, which its nodes may still be collecting. Files land in `folder`."""

    def __init__(self, store: ObjectStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._there: set[str] = set()

    def look(self) -> int:
        """Brings what has been collected since the look before."""
        new = [key for key in self._store.list(_COLLECTED) if key not in self._there]
        came = _land(self._store, self._folder, [(key, keys.output_path(key).partition("/")[2]) for key in new])
        self._there |= set(came)
        return len(came)


def _land(store: ObjectStore, folder: Path, files: Iterable[tuple[str, str]]) -> list[str]:
    """Brings the objects at the keys to the paths below `folder`; the keys of those that came."""
    came: list[str] = []
    awry: tuple[type[Exception], ...] = (Unplaceable, FileNotFoundError, *store_errors())
    with Landing(folder) as landing:
        for key, path in files:
            try:
                landing.land(path, partial(store.get_file, key))
            except awry:
                continue
            came.append(key)
    return came

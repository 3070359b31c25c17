"""A run's ./logs on this machine while it goes on: its node 0 puts what has changed into the store as long as somebody
asks for it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tfinfra.model import Beat, Mirrored
from tfinfra.store import LARGE, ObjectStore, encode, keys, readable, store_errors
from tfinfra.store.landing import Landing, Unplaceable
from tfinfra.system.clock import right_now


class Mirror:
    """Files land in `folder`, which nothing else writes to."""

    def __init__(self, store: ObjectStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._there: dict[str, str] = {}

    def look(self) -> int:
        """Asks for ./logs once more, and brings what has changed: how many files. A file that does not come is tried
        again at the next look. Raises what the store raises."""
        self._store.put(keys.MIRROR, encode(Beat(right_now())))
        found = readable(self._store, keys.MIRRORED, Mirrored, LARGE)
        changed = [item for item in (found.files if found else {}).items() if self._there.get(item[0]) != item[1]]
        if not changed:
            return 0
        came = 0
        awry: tuple[type[Exception], ...] = (Unplaceable, FileNotFoundError, *store_errors())
        with Landing(self._folder) as landing:
            for key, state in changed:
                try:
                    landing.land(keys.mirrored_path(key), partial(self._store.get_file, key))
                except awry:
                    continue
                self._there[key] = state
                came += 1
        return came

"""A store that outlives the cloud's bad moments: role grants take minutes to arrive, networks hiccup, services restart
and throttle."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tfinfra.errors import first_line
from tfinfra.store.seam import ObjectStore, OddObject
from tfinfra.system.clock import Clock

T = TypeVar("T")
_FIRST_PAUSE, _LONGEST_WAIT = 1.0, 15.0  # for a grant that is on its way
_QUIET = 60.0
"""Seconds for which a trouble that was told is told no more: a disk that is full makes each call try ten times."""
_LONGEST_PAUSE = 2.0  # shorter than the silence after which a node counts as lost
_log = logging.getLogger(__name__)


def store_errors() -> tuple[type[Exception], ...]:
    """What a store raises when it cannot do what it was asked."""
    from obstore.exceptions import BaseError

    return BaseError, OSError


class PatientStore:
    """An ObjectStore that tries every operation again, with pauses that grow, until `patience` seconds have passed."""

    def __init__(self, store: ObjectStore, clock: Clock, patience: float) -> None:
        self._store = store
        self._clock = clock
        self._patience = patience
        self._told: dict[tuple[str, int | None], float] = {}

    def put(self, key: str, data: bytes) -> None:
        self._try(lambda: self._store.put(key, data))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Where a reply was lost, the second try finds this writer's own object: the same bytes are a win."""
        return self._try(lambda: self._store.put_if_absent(key, data) or self._holds(key, data))

    def _holds(self, key: str, data: bytes) -> bool:
        try:
            return self._store.get(key) == data
        except OddObject:
            return False

    def get(self, key: str) -> bytes | None:
        return self._try(lambda: self._store.get(key))

    def list(self, prefix: str) -> list[str]:
        return self._try(lambda: self._store.list(prefix))

    def delete(self, key: str) -> None:
        self._try(lambda: self._store.delete(key))

    def put_file(self, key: str, path: Path) -> None:
        """Tried once: what is wrong is mostly the file, and the store itself bears with each of its blocks."""
        self._store.put_file(key, path)

    def get_file(self, key: str, path: Path) -> None:
        """Tried once: the store goes on by itself where a download is broken off."""
        self._store.get_file(key, path)

    def _try(self, operation: Callable[[], T]) -> T:
        give_up, pause = self._clock.monotonic() + self._patience, 0.1
        while True:
            try:
                return operation()
            except store_errors() as error:
                if self._clock.monotonic() + pause > give_up:
                    raise
                self._tell("the store failed, trying again", error)
            self._clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _tell(self, what: str, error: Exception) -> None:
        """Says it once a minute for each kind of trouble, whichever objects it hits."""
        kind, now = (type(error).__name__, getattr(error, "errno", None)), self._clock.monotonic()
        if now - self._told.get(kind, -_QUIET) >= _QUIET:
            self._told[kind] = now
            _log.warning("%s for up to %.0f s: %s", what, self._patience, first_line(error))


class GrantedStore(PatientStore):
    """A store to which its caller was granted access a moment ago: whatever it forbids is tried again, files too, for
    `patience` seconds from now on. A grant reaches one replica after the other, so that for minutes a store may take
    one request and forbid the next (hashicorp/terraform-provider-azurerm#6934, Azure/azure-rest-api-specs#9467)."""

    def __init__(self, store: ObjectStore, clock: Clock, patience: float) -> None:
        super().__init__(store, clock, patience)
        self._until = clock.monotonic() + patience

    def put_file(self, key: str, path: Path) -> None:
        self._try(lambda: self._store.put_file(key, path))

    def get_file(self, key: str, path: Path) -> None:
        self._try(lambda: self._store.get_file(key, path))

    def _try(self, operation: Callable[[], T]) -> T:
        from obstore.exceptions import PermissionDeniedError

        pause = _FIRST_PAUSE
        while True:
            try:
                return operation()
            except PermissionDeniedError as error:
                if self._clock.monotonic() + pause > self._until:
                    raise
                self._tell("the store forbids it, trying again", error)
            self._clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_WAIT)

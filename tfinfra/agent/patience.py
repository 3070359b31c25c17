"""A store that outlives the cloud's bad moments: role grants take minutes to arrive, and networks hiccup."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tfinfra.agent.clock import Clock
from tfinfra.store import ObjectStore

T = TypeVar("T")
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

    def put(self, key: str, data: bytes) -> None:
        self._try(lambda: self._store.put(key, data))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Where a reply was lost, the second try finds this writer's own object: the same bytes are a win."""
        return self._try(lambda: self._store.put_if_absent(key, data) or self._store.get(key) == data)

    def get(self, key: str) -> bytes | None:
        return self._try(lambda: self._store.get(key))

    def list(self, prefix: str) -> list[str]:
        return self._try(lambda: self._store.list(prefix))

    def delete(self, key: str) -> None:
        self._try(lambda: self._store.delete(key))

    def put_file(self, key: str, path: Path) -> None:
        """Tried once: what is wrong is mostly the file, and whoever collects goes on with the next."""
        self._store.put_file(key, path)

    def get_file(self, key: str, path: Path) -> None:
        """An object that is not there is an answer, and tried once."""
        self._try(lambda: self._store.get_file(key, path), final=FileNotFoundError)

    def _try(self, operation: Callable[[], T], final: type[Exception] | tuple[()] = ()) -> T:
        give_up, pause = self._clock.monotonic() + self._patience, 0.1
        while True:
            try:
                return operation()
            except final:
                raise
            except store_errors() as error:
                if self._clock.monotonic() + pause > give_up:
                    raise
                _log.warning("the store failed, trying again in %.1f s: %s", pause, error)
            self._clock.sleep(pause)
            pause = min(2 * pause, 5.0)

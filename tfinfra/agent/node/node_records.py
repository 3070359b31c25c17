"""Reads and writes the run's records on a node: the model's values, as JSON, under the keys of store/keys.py. What is
unreadable counts as absent here, and the agent's log names it once."""

from __future__ import annotations

import logging
from typing import Any, TypeVar

from tfinfra import store as seam
from tfinfra.store import LARGE, ObjectStore, Unreadable, encode

T = TypeVar("T")
_log = logging.getLogger(__name__)
_logged: set[Unreadable] = set()
_MOST_LOGGED = 100


def write(store: ObjectStore, key: str, value: Any) -> None:
    store.put(key, encode(value))


def read(store: ObjectStore, key: str, kind: type[T]) -> T | None:
    """The record at `key`, None where there is none or where it is not one (a torn or foreign object)."""
    found = seam.read(store, key, kind, LARGE)
    if not isinstance(found, Unreadable):
        return found
    if found not in _logged and len(_logged) < _MOST_LOGGED:
        _logged.add(found)
        _log.warning("%s", found)
    return None

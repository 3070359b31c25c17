"""The one way from an object of a run's store to a value: what lies there was written by a node, by another that may
write to the store, or by another version of tfinfra. It is what it should be, or unreadable: an unreadable record is
named by its key, and stops nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tfinfra.model import MOST, Unfit, decode, to_json
from tfinfra.store.seam import MOST_AT_ONCE, ObjectStore, OddObject

T = TypeVar("T")
LARGE = MOST_AT_ONCE
"""Bytes of a record that grows with the number of nodes or tasks."""
_MOST_NAMED = 10


@dataclass(frozen=True)
class Unreadable:
    """What lies at `key` of a store, or in the file `key`, and is no record of its kind; `why` is a sentence."""

    key: str
    why: str

    def __str__(self) -> str:
        return f"{self.key} is unreadable: {self.why}"


def encode(value: Any) -> bytes:
    return json.dumps(to_json(value)).encode()


def decoded(key: str, kind: type[T], data: bytes, most: int = MOST) -> T | Unreadable:
    """The `kind` in `data`, which came from `key`."""
    try:
        return decode(kind, data, most)
    except Unfit as error:
        return Unreadable(shown(key), str(error))


def read(store: ObjectStore, key: str, kind: type[T], most: int = MOST) -> T | Unreadable | None:
    """The record at `key`, None where nothing lies there."""
    try:
        data = store.get(key)
    except OddObject as error:
        return Unreadable(shown(key), str(error))
    return None if data is None else decoded(key, kind, data, most)


def read_file(path: Path, kind: type[T]) -> T | Unreadable | None:
    """The record in a file of this machine, None where there is none. What a crash, a full disk or another version left
    there is unreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unreadable(str(path), error.strerror or type(error).__name__)
    return decoded(str(path), kind, data, LARGE)


def readable(store: ObjectStore, key: str, kind: type[T], most: int = MOST) -> T | None:
    """The record at `key`, None also where it is unreadable."""
    found = read(store, key, kind, most)
    return None if isinstance(found, Unreadable) else found


def read_all(
    store: ObjectStore, folder: str, kind: type[T], own: Callable[[T], str] | None = None
) -> tuple[list[T], list[Unreadable]]:
    """All records below `folder`, and what is none of them. `own` gives the key that a record belongs at: one that lies
    elsewhere tells of what is not its business."""
    found: list[T] = []
    odd: list[Unreadable] = []
    for key in store.list(folder):
        record = read(store, key, kind)
        if isinstance(record, Unreadable):
            odd.append(record)
        elif record is not None and own is not None and own(record) != key:
            odd.append(Unreadable(shown(key), f"it is the record of {shown(own(record))}"))
        elif record is not None:
            found.append(record)
    return found, odd


def put_first(store: ObjectStore, key: str, value: Any) -> bool:
    """Writes the record where none is that can be read: True for the writer of what lies there then. What is no record
    is nobody's word, and replaced."""
    data = encode(value)
    if store.put_if_absent(key, data):
        return True
    if not isinstance(read(store, key, type(value), LARGE), Unreadable):
        return False
    store.put(key, data)
    return True


def holds(store: ObjectStore, key: str) -> bool:
    """Whether anything lies at `key`, whatever it is."""
    try:
        return store.get(key) is not None
    except OddObject:
        return True


def content(store: ObjectStore, key: str) -> bytes | None:
    """What lies at `key`, None where that is nothing, or nothing that a run puts anywhere."""
    try:
        return store.get(key)
    except OddObject:
        return None


class Records:
    """Reads a store again and again; `tell` hears once of each record that is unreadable."""

    def __init__(self, store: ObjectStore, tell: Callable[[Unreadable | str], None]) -> None:
        self._store = store
        self._tell = tell
        self._named: set[str] = set()

    def get(self, key: str, kind: type[T], most: int = MOST) -> T | None:
        """The record at `key`, None where there is none that can be read."""
        found = read(self._store, key, kind, most)
        if isinstance(found, Unreadable):
            self.odd(found)
            return None
        return found

    def all(self, folder: str, kind: type[T], own: Callable[[T], str] | None = None) -> list[T]:
        """The readable records below `folder`."""
        found, odd = read_all(self._store, folder, kind, own)
        for each in odd:
            self.odd(each)
        return found

    def odd(self, found: Unreadable) -> None:
        if found.key in self._named or len(self._named) > _MOST_NAMED:
            return
        self._named.add(found.key)
        self._tell(found if len(self._named) <= _MOST_NAMED else "more records of the run's store are unreadable")


def shown(key: str) -> str:
    """A key that may be a stranger's, for a person."""
    text = key if key.isascii() and key.isprintable() else ascii(key)
    return text if len(text) <= 120 else f"{text[:117]}..."

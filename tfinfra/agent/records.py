"""Reads and writes the run's records: the model's values, as JSON, under the keys of layout.py."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from tfinfra.model import from_json, to_json
from tfinfra.store import ObjectStore

T = TypeVar("T")


def encode(value: Any) -> bytes:
    return json.dumps(to_json(value)).encode()


def write(store: ObjectStore, key: str, value: Any) -> None:
    store.put(key, encode(value))


def read(store: ObjectStore, key: str, kind: type[T]) -> T | None:
    """The record at `key`, None where there is none or where it is not one (a torn or foreign object)."""
    data = store.get(key)
    if data is None:
        return None
    try:
        return from_json(kind, json.loads(data))
    except (ValueError, KeyError, TypeError):
        return None


def read_plain(store: ObjectStore, key: str) -> dict[str, Any] | None:
    """The JSON object at `key`; {} where what lies there is not one."""
    data = store.get(key)
    if data is None:
        return None
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}

"""The object store seam: a run's nodes and its client meet here and nowhere else.

`ObjectStore` is what they need of a store; `ObstoreStore` is it on obstore (local files, Azure Blob); `MemoryStore` is
the fake that ships beside it, for tests.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

_DELETERS = 8


def store_errors() -> tuple[type[Exception], ...]:
    """What a store raises when it cannot do what it was asked."""
    from obstore.exceptions import BaseError

    return BaseError, OSError


class ObjectStore(Protocol):
    """Keys are relative paths with '/'. Reads and writes are of whole objects and atomic."""

    def put(self, key: str, data: bytes) -> None:
        """Writes the object, replacing what was there."""

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Writes the object where none is there: True for the one writer that did, False for all others."""

    def get(self, key: str) -> bytes | None:
        """The object's bytes, None where there is none."""

    def list(self, prefix: str) -> list[str]:
        """The keys below the folder `prefix` (no trailing slash, "" for all), sorted."""

    def delete(self, key: str) -> None:
        """Removes the object; removing what is not there is no error."""

    def put_file(self, key: str, path: Path) -> None:
        """Uploads a file of any size."""

    def get_file(self, key: str, path: Path) -> None:
        """Downloads into `path`, whose folder exists. Raises FileNotFoundError where there is no such object."""


class ObstoreStore:
    """An ObjectStore on an obstore store. Open with `open_store`."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def put(self, key: str, data: bytes) -> None:
        self._store.put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        from obstore.exceptions import AlreadyExistsError

        try:
            self._store.put(key, data, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def get(self, key: str) -> bytes | None:
        try:
            return bytes(self._store.get(key).bytes())
        except FileNotFoundError:
            return None

    def list(self, prefix: str) -> list[str]:
        return sorted(meta["path"] for page in self._store.list(prefix) for meta in page)

    def delete(self, key: str) -> None:
        try:
            self._store.delete(key)
        except FileNotFoundError:
            return

    def put_file(self, key: str, path: Path) -> None:
        self._store.put(key, path)

    def get_file(self, key: str, path: Path) -> None:
        with path.open("wb") as out:
            for chunk in self._chunks(key):
                out.write(chunk)

    def _chunks(self, key: str) -> Iterator[bytes]:
        yield from self._store.get(key).stream()


def _no_fault(verb: str, key: str) -> None:
    """The hook of a store without faults."""
    del verb, key


class MemoryStore:
    """An ObjectStore in this process, for tests; `before` is called with (verb, key) and may raise to inject faults."""

    def __init__(self, before: Callable[[str, str], None] | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._before = before or _no_fault

    def put(self, key: str, data: bytes) -> None:
        self._before("put", key)
        with self._lock:
            self.objects[key] = data

    def put_if_absent(self, key: str, data: bytes) -> bool:
        self._before("put_if_absent", key)
        with self._lock:
            if key in self.objects:
                return False
            self.objects[key] = data
            return True

    def get(self, key: str) -> bytes | None:
        self._before("get", key)
        with self._lock:
            return self.objects.get(key)

    def list(self, prefix: str) -> list[str]:
        self._before("list", prefix)
        with self._lock:
            return sorted(k for k in self.objects if not prefix or k.startswith(f"{prefix}/"))

    def delete(self, key: str) -> None:
        self._before("delete", key)
        with self._lock:
            self.objects.pop(key, None)

    def put_file(self, key: str, path: Path) -> None:
        self.put(key, path.read_bytes())

    def get_file(self, key: str, path: Path) -> None:
        data = self.get(key)
        if data is None:
            raise FileNotFoundError(key)
        path.write_bytes(data)


def clear(store: ObjectStore) -> int:
    """Deletes every object; returns how many there were."""
    keys = store.list("")
    with ThreadPoolExecutor(_DELETERS) as pool:
        list(pool.map(store.delete, keys))
    return len(keys)


def open_store(url: str, credential: Callable[[], tuple[str, float]] | None = None) -> ObjectStore:
    """The store at `url`: file:///folder, or https://<account>.blob.core.windows.net/<container>; either may go on with
    a prefix, below which all keys are then.

    `credential` gives a bearer token and its expiry (Unix seconds) for Blob; files need none.
    Raises ValueError for any other scheme.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        from obstore.store import LocalStore

        return ObstoreStore(LocalStore(unquote(parts.path), mkdir=True))
    if parts.scheme == "https" and credential is not None:
        return ObstoreStore(_azure_store(url, credential))
    raise ValueError(f"no object store for '{url}'")


def _azure_store(url: str, credential: Callable[[], tuple[str, float]]) -> Any:
    from datetime import datetime, timezone

    from obstore.store import AzureStore

    def provider() -> Any:
        token, expires = credential()
        return {"token": token, "expires_at": datetime.fromtimestamp(expires, timezone.utc)}

    return AzureStore.from_url(url, credential_provider=provider)

"""The object store that is only this process's memory: a fake for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tfinfra.store.seam import MOST_AT_ONCE, OddObject


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
            data = self.objects.get(key)
        if data is not None and len(data) > MOST_AT_ONCE:
            raise OddObject(f"it is larger than {MOST_AT_ONCE} bytes")
        return data

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
        self._before("get", key)
        data = self.objects.get(key)
        if data is None:
            raise FileNotFoundError(key)
        path.write_bytes(data)

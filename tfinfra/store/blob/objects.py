"""An ObjectStore on obstore: Azure Blob."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tfinfra.errors import first_line
from tfinfra.store.blob.blob_errors import blob_answer
from tfinfra.store.blob.download import download
from tfinfra.store.seam import MOST_AT_ONCE, OddObject

BLOCK = 4 << 20  # bytes
SMALL = 1 << 20  # bytes that go in one request, beside those of other threads
BLOCKS_AT_ONCE = 4
MOST_BLOCKS = 50_000
"""What one blob may consist of: https://learn.microsoft.com/rest/api/storageservices/put-block-list"""


@dataclass(frozen=True)
class BlobEntry:
    """A blob as a listing has it: `size` in bytes; `e_tag` is another one after each write, whatever was written."""

    key: str
    size: int
    e_tag: str


class ObstoreStore:
    """Open with `open_store`. `bulk` is the same store as `store`, with more patience for each request: a large upload
    shall not begin anew because of one block."""

    def __init__(self, store: Any, bulk: Any) -> None:
        self._store = store
        self._bulk = bulk
        self._one_large = threading.Lock()

    def put(self, key: str, data: bytes) -> None:
        with _classified():
            self._store.put(key, data, use_multipart=False)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        from obstore.exceptions import AlreadyExistsError

        try:
            with _classified():
                self._store.put(key, data, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def get(self, key: str) -> bytes | None:
        try:
            answer = self._store.get(key)
            if answer.meta["size"] > MOST_AT_ONCE:
                raise OddObject(f"it is larger than {MOST_AT_ONCE} bytes")
            return bytes(answer.bytes())
        except FileNotFoundError:
            return None

    def list(self, prefix: str) -> list[str]:
        with _classified():
            return sorted(meta["path"] for page in self._store.list(prefix) for meta in page)

    def entries(self, prefix: str) -> tuple[BlobEntry, ...]:
        """What `list` names; the one blob whose whole key `prefix` is, where that is no folder."""
        with _classified():
            found = [_entry(meta) for page in self._store.list(prefix) for meta in page]
        if found or not prefix:
            return tuple(sorted(found, key=lambda entry: entry.key))
        try:
            return (_entry(self._store.head(prefix)),)
        except FileNotFoundError:
            return ()

    def delete(self, key: str) -> None:
        try:
            self._store.delete(key)
        except FileNotFoundError:
            return

    def put_file(self, key: str, path: Path) -> None:
        """A file that is not small goes up alone, however many threads call: a node's memory is bounded."""
        size = path.stat().st_size
        if size <= SMALL:
            with _classified():
                self._bulk.put(key, path, use_multipart=False)
            return
        with self._one_large, _classified():
            self._bulk.put(key, path, chunk_size=block_size(size), max_concurrency=BLOCKS_AT_ONCE)

    def get_file(self, key: str, path: Path) -> None:
        download(self._bulk, key, path)


def _entry(meta: Any) -> BlobEntry:
    """A listing has the ETag without the quotes that the answer about one blob has around it."""
    return BlobEntry(meta["path"], meta["size"], str(meta["e_tag"]).strip('"'))


@contextmanager
def _classified() -> Iterator[None]:
    """Gives an error the class that says what it is: obstore has one for all that goes wrong with a list, "not found"
    for a write into a container that is not there, and "already exists" for one into a container that is going."""
    from obstore.exceptions import AlreadyExistsError, GenericError, PermissionDeniedError, UnauthenticatedError

    try:
        yield
    except GenericError as error:
        answer = blob_answer(error)
        refusals: dict[int, type[Exception]] = {
            HTTPStatus.FORBIDDEN: PermissionDeniedError,
            HTTPStatus.UNAUTHORIZED: UnauthenticatedError,
        }
        kind = refusals.get(answer.status) if answer else None
        if kind is None:
            raise
        raise kind(str(error)) from error
    except (FileNotFoundError, AlreadyExistsError) as error:
        answer = blob_answer(error)
        if answer is None or not answer.code.startswith("Container"):
            raise
        raise GenericError(first_line(error)) from error


def block_size(size: int) -> int:
    """Bytes of each block of a file of `size` bytes: as few as keep the number of blocks within Blob's limit."""
    return max(BLOCK, -(-size // MOST_BLOCKS))

"""Many objects one after the other, several of them on their way at once; and which ones are the chunks of what."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from tfinfra.store.records import content
from tfinfra.store.seam import ObjectStore

AT_ONCE = 8
_AHEAD = 2 * AT_ONCE


def contents(store: ObjectStore, keys: Iterable[str]) -> Iterator[bytes | None]:
    """What lies at each of the keys, in their order, as `content` gives it: a few are held in memory, however many
    there are. Raises what the store raises, at the key that it concerns."""
    pool = ThreadPoolExecutor(AT_ONCE)
    coming = deque[Future[bytes | None]]()
    try:
        for key in keys:
            coming.append(pool.submit(content, store, key))
            if len(coming) == _AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def chunks_by_name(store: ObjectStore, folder: str) -> dict[str, list[str]]:
    """{name ("task"): the keys of its chunks, in their order} of all logs, or of all points, as `folder` is LOGS or
    METRICS."""
    chunks: dict[str, list[str]] = {}
    for key in store.list(folder):
        chunks.setdefault(key.split("/")[1], []).append(key)
    return chunks

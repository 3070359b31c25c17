"""One builder at a time, across processes: the second one waits and finds the work done."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tfinfra.system.ownership import make_private


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None]) -> Iterator[int]:
    """Holds the lock file `path`; yields its descriptor, for children that must hold it too. The kernel frees it when
    its last holder ends, however that ends. `waiting` is called once where another holds it."""
    make_private(path.parent)
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()

"""A folder for what is being made in the cache: gigabytes, of which nothing may stay."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def work_folder(folder: Path) -> Iterator[Path]:
    """`folder`, empty, until the end of the with. Only who holds the lock on what is made may call this: a maker that
    was killed has left its own under the same name, and that is removed first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

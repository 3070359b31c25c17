"""Brings what the tasks wrote into the store: outputs, logs and checkpoints; collected.json last."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tfinfra import layout
from tfinfra.agent.records import write
from tfinfra.errors import first_line
from tfinfra.store import ObjectStore, store_errors

_WRITERS = 8
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Collected:
    """collected.json. `warnings` name the files that could not be brought, `left_behind` those that nobody tried to."""

    files: int
    warnings: tuple[str, ...] = ()
    left_behind: tuple[str, ...] = ()


def collect(
    store: ObjectStore,
    shared: Path,
    before_saying_so: Callable[[], None] = lambda: None,
    left_behind: tuple[str, ...] = (),
) -> Collected:
    """Uploads every file below the common directories; one that fails is a warning, the others go on.
    `before_saying_so` is called when all is uploaded: once collected.json is there, the machine may be deleted."""
    found = [(folder, path) for folder in layout.OUTPUT_FOLDERS for path in _files(shared / folder)]
    with ThreadPoolExecutor(_WRITERS) as pool:
        problems = list(pool.map(lambda item: _upload(store, shared, *item), found))
    warnings = tuple(problem for problem in problems if problem)
    before_saying_so()
    return mark_collected(store, Collected(len(found) - len(warnings), warnings, left_behind))


def mark_collected(store: ObjectStore, collected: Collected) -> Collected:
    write(store, layout.COLLECTED, collected)
    return collected


def _files(folder: Path) -> Iterator[Path]:
    """Everything below `folder` but its folders; a link to a folder is no folder."""
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        yield from sorted(Path(parent) / name for name in [*files, *links])


def _upload(store: ObjectStore, shared: Path, folder: str, path: Path) -> str | None:
    """Why the file was not brought, None where it was."""
    name = path.relative_to(shared / folder).as_posix()
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return f"{folder}/{name} is no file"
        store.put_file(layout.output_key(folder, name), path)
    except _upload_errors() as error:
        reason = first_line(error)
        _log.warning("could not collect %s/%s: %s", folder, name, reason)
        return f"{folder}/{name}: {reason}".encode("utf-8", "replace").decode()
    return None


def _upload_errors() -> tuple[type[Exception], ...]:
    """ValueError: a name that is not UTF-8."""
    return (*store_errors(), ValueError)

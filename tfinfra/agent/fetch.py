"""Brings a tree of files from an object store or a folder to this node: in parallel, and again only what is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from tfinfra.agent.faults import NodeFault
from tfinfra.agent.patience import store_errors
from tfinfra.errors import first_line
from tfinfra.model import DataSource
from tfinfra.store import ObjectStore

_AT_ONCE = 4  # each holds some megabytes, and an agent is small
_BATCH = 256  # files that wait their turn: a data set may have a million
_LOOK = 1.0
_PART = ".tfinfra-part"
READER = "Storage Blob Data Reader"
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage"""
OpenStore = Callable[[str], ObjectStore]
Check = Callable[[], None]


@dataclass(frozen=True)
class Item:
    """One file: its key in the store (its path, of a folder's), and where it belongs here."""

    key: str
    path: Path


@dataclass(frozen=True)
class Fetched:
    """How many files there are; `only` is the one that the source is, where it is no folder."""

    files: int
    only: Path | None = None


def fetch(source: DataSource, target: Path, open_store: OpenStore, check: Check) -> Fetched:
    """Fills the folder `target`. What is there already stays; a file appears under its name when it is whole. `check`
    is called between files and may raise. Raises what the store raises, FileNotFoundError where there is nothing."""
    target.mkdir(parents=True, exist_ok=True)
    if source.folder is not None:
        items = _local_items(source, local_folder(source.folder), target)
        _all(items, _copy_file, check)
    else:
        store = open_store(str(source.store))
        items = _stored_items(source, store, target)
        _all(items, lambda item: _get(store, item), check)
    return Fetched(len(items), items[0].path if _is_one_file(source, items) else None)


def local_folder(url: str) -> Path:
    """The folder of a file:// URL."""
    return Path(unquote(urlsplit(url).path))


def shown(source: DataSource) -> str:
    """The source as messages write it."""
    return "/".join(part for part in (source.folder or source.store, source.prefix, source.file) if part)


def _is_one_file(source: DataSource, items: list[Item]) -> bool:
    return source.file is not None or (len(items) == 1 and items[0].key == source.prefix)


def _stored_items(source: DataSource, store: ObjectStore, target: Path) -> list[Item]:
    """The objects below the prefix, or the one that it is the whole key of."""
    above = f"{source.prefix}/" if source.prefix else ""
    keys = [above + source.file] if source.file else store.list(source.prefix)
    if not keys and source.prefix:
        return [Item(source.prefix, _below(target, PurePosixPath(source.prefix).name))]
    if not keys:
        raise FileNotFoundError(shown(source))
    names = [key.removeprefix(above) for key in keys]
    paths = (unquote(name, errors="surrogateescape") if source.quoted else name for name in names)
    return [Item(key, _below(target, path)) for key, path in zip(keys, paths, strict=True)]


def _below(target: Path, name: str) -> Path:
    """Raises NodeFault for a name that leads out of `target`."""
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise NodeFault(f"an object's name leads out of its folder: '{name}'")
    return target.joinpath(*parts)


def _get(store: ObjectStore, item: Item) -> None:
    if item.path.exists():
        return
    item.path.parent.mkdir(parents=True, exist_ok=True)
    part = item.path.with_name(item.path.name + _PART)
    store.get_file(item.key, part)
    part.replace(item.path)


def _local_items(source: DataSource, folder: Path, target: Path) -> list[Item]:
    names = [source.file] if source.file else list(_files(folder))
    return [Item(str(folder / name), target / name) for name in names]


def _copy_file(item: Item) -> None:
    if item.path.exists():
        return
    item.path.parent.mkdir(parents=True, exist_ok=True)
    part = item.path.with_name(item.path.name + _PART)
    shutil.copyfile(item.key, part)
    part.replace(item.path)


def _files(folder: Path) -> Iterator[str]:
    for where, _, files in os.walk(folder):
        below = os.path.relpath(where, folder)
        yield from (os.path.normpath(f"{below}/{name}") for name in files)


def _all(items: list[Item], work: Callable[[Item], None], check: Check) -> None:
    """Does the `work` of all items, several at once; the first error ends it, and so does `check`, whatever is still on
    its way."""
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        for first in range(0, len(items), _BATCH):
            check()
            for future in [pool.submit(work, item) for item in items[first : first + _BATCH]]:
                while not wait([future], timeout=_LOOK).done:
                    check()
                future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def told(error: Exception, source: DataSource, what: str, client_id: str) -> NodeFault:
    """Why `what` cannot be fetched, as a person needs it. `client_id` is that of the nodes' identity."""
    if _is_denied(error):
        account = (urlsplit(source.store or "").hostname or "the account").split(".")[0]
        message = f"{what}: the storage account '{account}' does not let this run's nodes read {shown(source)} (403)"
        return NodeFault(f"{message}: their identity (client id {client_id}) needs the role '{READER}' on it")
    if isinstance(error, FileNotFoundError):
        return NodeFault(f"{what}: there is nothing at {shown(source)}")
    return NodeFault(f"{what} cannot be fetched from {shown(source)}: {first_line(error)}")


def _is_denied(error: Exception) -> bool:
    """obstore has exceptions for 401 and 403; some answers come as a generic error with the status in its text."""
    from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

    denied = isinstance(error, (PermissionDeniedError, UnauthenticatedError, PermissionError))
    return denied or (isinstance(error, store_errors()) and "403 Forbidden" in str(error))

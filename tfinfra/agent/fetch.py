"""Brings a tree of files from an object store or a folder to this node: in parallel, and again only what is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from tfinfra.agent.faults import NodeFault
from tfinfra.agent.patience import store_errors
from tfinfra.model import DataSource
from tfinfra.store import ObjectStore

_AT_ONCE = 16
_PART = ".tfinfra-part"
OpenStore = Callable[[str], ObjectStore]
Check = Callable[[], None]


@dataclass(frozen=True)
class Item:
    """One file: its key in the store, and where it belongs here."""

    key: str
    path: Path


def fetch(source: DataSource, target: Path, open_store: OpenStore, check: Check) -> int:
    """Fills the folder `target` and returns how many files `source` has. What is there already stays; a file appears
    under its name when it is whole. `check` is called between files and may raise. Raises NodeFault for an empty
    source, and what the store raises."""
    target.mkdir(parents=True, exist_ok=True)
    if source.folder is not None:
        return _copy(source, local_folder(source.folder), target, check)
    store = open_store(str(source.store))
    items = list(_items(source, store, target))
    if not items:
        raise NodeFault(f"there is nothing at {shown(source)}")
    _all(items, lambda item: _get(store, item), check)
    return len(items)


def local_folder(url: str) -> Path:
    """The folder of a file:// URL."""
    return Path(unquote(urlsplit(url).path))


def shown(source: DataSource) -> str:
    """The source as messages write it."""
    return "/".join(part for part in (source.folder or source.store, source.prefix, source.file) if part)


def _items(source: DataSource, store: ObjectStore, target: Path) -> Iterator[Item]:
    keys = store.list(source.prefix) if source.file is None else []
    above = f"{source.prefix}/" if source.prefix else ""
    for key in keys:
        name = key.removeprefix(above)
        yield Item(key, _below(target, unquote(name, errors="surrogateescape") if source.quoted else name))
    if source.file is not None:
        name = unquote(source.file, errors="surrogateescape") if source.quoted else source.file
        yield Item(above + source.file, _below(target, name))


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


def _copy(source: DataSource, folder: Path, target: Path, check: Check) -> int:
    names = [source.file] if source.file else list(_files(folder))
    items = [Item(name, target / name) for name in names]
    _all(items, lambda item: _copy_file(folder / item.key, item.path), check)
    return len(items)


def _copy_file(origin: Path, path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + _PART)
    shutil.copyfile(origin, part)
    part.replace(path)


def _files(folder: Path) -> Iterator[str]:
    for where, _, files in os.walk(folder):
        below = os.path.relpath(where, folder)
        yield from (os.path.normpath(f"{below}/{name}") for name in files)


def _all(items: list[Item], work: Callable[[Item], None], check: Check) -> None:
    """Does the `work` of all items, several at once; the first error ends it."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for future in futures:
                check()
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def told(error: Exception, source: DataSource, what: str, client_id: str) -> NodeFault:
    """Why `what` cannot be fetched, as a person needs it. `client_id` is that of the nodes' identity."""
    if _is_denied(error):
        account = (urlsplit(source.store or "").hostname or "the account").split(".")[0]
        role = "Storage Blob Data Reader"
        message = f"{what}: the storage account '{account}' does not let this run's nodes read {shown(source)} (403)"
        return NodeFault(f"{message}: their identity (client id {client_id}) needs the role '{role}' on it")
    if isinstance(error, FileNotFoundError):
        return NodeFault(f"{what}: there is nothing at {shown(source)}")
    return NodeFault(f"{what} cannot be fetched from {shown(source)}: {error}")


def _is_denied(error: Exception) -> bool:
    """obstore has exceptions for 401 and 403; some answers come as a generic error with the status in its text."""
    from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

    denied = isinstance(error, (PermissionDeniedError, UnauthenticatedError, PermissionError))
    return denied or (isinstance(error, store_errors()) and "403 Forbidden" in str(error))

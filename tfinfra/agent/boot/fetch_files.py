"""Brings a tree of files from an object store or a folder to this node: in parallel, and again only what is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from tfinfra.agent.node_errors import NodeFault
from tfinfra.errors import first_line
from tfinfra.model import DataSource
from tfinfra.store import ObjectStore, store_errors
from tfinfra.store.landing import Landing, Unplaceable, clashes
from tfinfra.store.landing import shown as shown_name
from tfinfra.system.strange_trees import names_below

_AT_ONCE = 4  # each holds some megabytes, and an agent is small
_BATCH = 256  # files that wait their turn: a data set may have a million
_LOOK = 1.0
READER = "Storage Blob Data Reader"
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage"""
OpenStore = Callable[[str], ObjectStore]
Fill = Callable[[str, Path], object]
Check = Callable[[], None]


@dataclass(frozen=True)
class Item:
    """One file: its key in the store (its path, of a folder's), and its name below the folder that it belongs to."""

    key: str
    name: str


@dataclass(frozen=True)
class FetchedTree:
    """How many files there are; `only` is the one that the source is, where it is no folder."""

    files: int
    only: Path | None = None


def fetch(source: DataSource, target: Path, open_store: OpenStore, check: Check) -> FetchedTree:
    """Fills the folder `target`. A file that it has already stays; a new one appears under its name when it is whole.
    `check` is called between files and may raise. Raises what the store raises, FileNotFoundError where the source is
    empty, NodeFault for a name that cannot be a file."""
    fill: Fill = shutil.copyfile
    if source.folder is not None:
        folder = local_folder(source.folder)
        names = (name for name in names_below(folder) if not (folder / name).is_dir())
        items = [Item(str(folder / name), name) for name in ([source.file] if source.file else names)]
    else:
        store = open_store(str(source.store))
        items, fill = _stored_items(source, store), store.get_file
    with Landing(target) as landing:

        def land(item: Item) -> None:
            try:
                if not landing.has(item.name):
                    landing.land(item.name, partial(fill, item.key))
            except Unplaceable as error:
                raise _unplaceable(item.name, str(error)) from error

        for name, reason in clashes((item.name for item in items), folds=landing.folds()).items():
            raise _unplaceable(name, reason)
        _for_each(items, land, check)
    is_one_file = source.file is not None or (len(items) == 1 and items[0].key == source.prefix)
    return FetchedTree(len(items), target / items[0].name if is_one_file else None)


def _unplaceable(name: str, reason: str) -> NodeFault:
    return NodeFault(f"an object of the name '{shown_name(name)}' cannot be a file here: {reason}")


def local_folder(url: str) -> Path:
    """The folder of a file:// URL."""
    return Path(unquote(urlsplit(url).path))


def shown(source: DataSource) -> str:
    """The source as messages write it."""
    return "/".join(part for part in (source.folder or source.store, source.prefix, source.file) if part)


def _stored_items(source: DataSource, store: ObjectStore) -> list[Item]:
    """The objects below the prefix, or the one that it is the whole key of."""
    above = f"{source.prefix}/" if source.prefix else ""
    keys = [above + source.file] if source.file else store.list(source.prefix)
    if not keys and source.prefix:
        return [Item(source.prefix, PurePosixPath(source.prefix).name)]
    if not keys:
        raise FileNotFoundError(shown(source))
    names = [key.removeprefix(above) for key in keys]
    paths = (unquote(name, errors="surrogateescape") if source.quoted else name for name in names)
    return [Item(key, str(PurePosixPath(path))) for key, path in zip(keys, paths, strict=True)]


def _for_each(items: list[Item], work: Callable[[Item], None], check: Check) -> None:
    """Does `work` for all items, several at once. The first error ends it, and so does `check`, whatever is still
    under way."""
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


def fetch_fault(error: Exception, source: DataSource, what: str, client_id: str) -> NodeFault:
    """Why `what` cannot be fetched, as a person needs it. `client_id` is that of the nodes' identity."""
    from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

    denied = isinstance(error, (PermissionDeniedError, UnauthenticatedError, PermissionError))
    # obstore has exceptions for 401 and 403; some answers come as a generic error with the status in its text
    if denied or (isinstance(error, store_errors()) and "403 Forbidden" in str(error)):
        account = (urlsplit(source.store or "").hostname or "the account").split(".")[0]
        message = f"{what}: the storage account '{account}' does not let this run's nodes read {shown(source)} (403)"
        return NodeFault(f"{message}: their identity (client id {client_id}) needs the role '{READER}' on it")
    if isinstance(error, FileNotFoundError):
        return NodeFault(f"{what}: there is nothing at {shown(source)}")
    return NodeFault(f"{what} cannot be fetched from {shown(source)}: {first_line(error)}")

"""Puts a run's local inputs where its nodes find them: once by their hash. A store that is a folder of this machine
gets links and no copies; any other gets uploads, several at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tfinfra.compiler.facts import AtLaunch
from tfinfra.compiler.pipeline import Compiled, check_launch
from tfinfra.errors import ManifestError
from tfinfra.lifecycle.data.blobfuse import configuration
from tfinfra.manifest.key_schema import CONTAINER
from tfinfra.model import DataSource, DataSources, Plan
from tfinfra.store import ObjectStore, holds, keys
from tfinfra.system.local_tree import LocalTree, TreeFile
from tfinfra.system.progress import Progress
from tfinfra.text.wording import spell_bytes

UPLOADS = 8
CHECKPOINTS = ""
"""The name of the checkpoints among the trees; no input has it."""


@dataclass(frozen=True)
class Given:
    """What a run takes from the machine it is started on. `data` are the local inputs' paths by name, `checkpoints` the
    folder to resume from; no text may show the `secrets`."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    data: Mapping[str, Path] = field(default_factory=dict)
    checkpoints: Path | None = None

    @property
    def paths(self) -> dict[str, Path]:
        return {**self.data, **({CHECKPOINTS: self.checkpoints} if self.checkpoints else {})}


@dataclass(frozen=True)
class Stage:
    """Where inputs go: `store` is open at `url`; `client_id` is that of the nodes' identity. `check` is called before
    each upload and raises what ends the run."""

    store: ObjectStore
    url: str
    client_id: str
    check: Callable[[], object] = lambda: None


def stage(plan: Plan, trees: Mapping[str, LocalTree], where: Stage, progress: Progress) -> DataSources:
    """Brings the trees to the store, and returns what the nodes need to know. Raises what the store raises."""
    sources: dict[str, DataSource] = {}
    for given in plan.inputs:
        if given.url is not None:
            sources[given.name] = _remote(given.url, given.mode, where.client_id)
        elif given.name in trees:
            sources[given.name] = _local(trees[given.name], given.mode, where, progress)
        else:
            raise ManifestError(f"the input '{given.name}' was not read")
    checkpoints = None
    if CHECKPOINTS in trees:
        checkpoints = _local(trees[CHECKPOINTS], "download", where, progress)
    elif plan.resume_from:
        checkpoints = _remote(plan.resume_from, "download", where.client_id)
    return DataSources(sources, checkpoints)


def _remote(url: str, mode: str, client_id: str) -> DataSource:
    container, prefix = split_url(url)
    blobfuse = configuration(container, prefix, client_id) if mode == "mount" else None
    return DataSource(mode, store=container, prefix=prefix, blobfuse=blobfuse)


def split_url(url: str) -> tuple[str, str]:
    """(the container's URL, the path in it) of a Blob URL."""
    found = re.match(CONTAINER, url)
    container = found[0] if found else url
    return container, unquote(url[len(container) :]).strip("/")


def _local(tree: LocalTree, mode: str, where: Stage, progress: Progress) -> DataSource:
    below = keys.input_folder(tree.sha256)
    parts = urlsplit(where.url)
    if parts.scheme == "file":
        folder = Path(unquote(parts.path)) / below
        _link(tree, folder)
        return DataSource(mode, folder=folder.as_uri(), file=tree.only)
    if not holds(where.store, keys.input_mark(tree.sha256)):
        _upload(tree, where, progress)
    blobfuse = configuration(where.url, below, where.client_id) if mode == "mount" else None
    only = keys.input_key(tree.sha256, tree.only).removeprefix(f"{below}/") if tree.only else None
    return DataSource(mode, store=where.url, prefix=below, file=only, quoted=True, blobfuse=blobfuse)


def refuse_unmountable(compiled: Compiled, trees: Mapping[str, LocalTree]) -> None:
    """Raises ManifestError for an input to be mounted that has a file whose name is not its key's: a mount would show
    another name."""
    odd: dict[str, str] = {}
    for name in (i.name for i in compiled.plan.inputs if i.mode == "mount" and i.name in trees):
        tree = trees[name]
        below = keys.input_folder(tree.sha256)
        file = next((f for f in tree.files if keys.input_key(tree.sha256, f.name) != f"{below}/{f.name}"), None)
        if file is not None:
            odd[name] = os.fsencode(file.name).decode("utf-8", "backslashreplace")
    check_launch(compiled.facts, AtLaunch(unmountable=odd))


def _link(tree: LocalTree, folder: Path) -> None:
    if folder.exists():
        return
    staging = folder.with_name(f"{folder.name}.{os.getpid()}")
    for file in tree.files:
        target = staging / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(os.path.realpath(file.path), target)
        except OSError:  # another file system, or somebody else's file
            shutil.copyfile(file.path, target)
    staging.rename(folder)


def _upload(tree: LocalTree, where: Stage, progress: Progress) -> None:
    """All files, then the mark that says so. A file that changed meanwhile is no longer what was hashed."""
    counted = _Counted(tree.size, progress)
    with ThreadPoolExecutor(UPLOADS) as pool:
        futures = [pool.submit(_put, file, tree.sha256, where, counted.add) for file in tree.files]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    mark = {"files": len(tree.files), "bytes": tree.size}
    where.store.put(keys.input_mark(tree.sha256), json.dumps(mark).encode())


def _put(file: TreeFile, digest: str, where: Stage, done: Callable[[int], None]) -> None:
    where.check()
    where.store.put_file(keys.input_key(digest, file.name), file.path)
    if file.path.stat().st_size != file.size:
        raise ManifestError(f"'{file.path}' changed while it was uploaded", hint="run the command again")
    done(file.size)


class _Counted:
    """Tells the progress of several uploads, about a hundred times in all."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total = total
        self._progress = progress
        self._done = self._told = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self._done += size
            if self._done - self._told < self._total / 100 and self._done < self._total:
                return
            self._told = self._done
        self._progress(f"inputs: {spell_bytes(self._done)} of {spell_bytes(self._total)}")


def told_hashes(trees: Mapping[str, LocalTree]) -> Iterator[tuple[str, str, int, int]]:
    """(name, SHA-256, files, bytes) of each tree, for the audit log."""
    for name, tree in trees.items():
        yield name or "checkpoints", tree.sha256, len(tree.files), tree.size

"""Inputs that are at a URL of Blob, as their listing has them: names, sizes and ETags, and no byte is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import DifferenceFound, TfinfraError, first_line
from tfinfra.locking.document import LockedData, ManifestLock
from tfinfra.locking.now import Now
from tfinfra.locking.trees import spelt, tree_digest
from tfinfra.system.progress import Progress

if TYPE_CHECKING:
    from tfinfra.store.blob.objects import BlobEntry

Lister = Callable[[str], "Sequence[BlobEntry]"]
"""URL -> what is there. Raises Unlisted."""
_CHECKPOINTS = "resume_from"


class Unlisted(Exception):
    """A URL that cannot be listed here; the text says why."""


def lister_of(compiled: Compiled) -> Lister:
    """As the caller sees the target's cloud, who is asked nothing before the first URL. A token goes to a host of that
    cloud's storage alone."""

    def blobs(url: str) -> Sequence[BlobEntry]:
        from tfinfra.clouds import azure_cloud  # what asks a cloud is loaded where one is asked
        from tfinfra.lifecycle.data.transfer import refuse_elsewhere
        from tfinfra.lifecycle.wiring import list_input
        from tfinfra.store import store_errors

        failures: tuple[type[Exception], ...] = (TfinfraError, ValueError, *store_errors())
        if compiled.spec.target.cloud == "local":
            raise Unlisted("the target is this machine, which has no way to it")
        try:
            cloud = azure_cloud(compiled.spec.target)
            refuse_elsewhere(compiled.plan, cloud)
            found = list_input(cloud, url)
        except failures as error:
            raise Unlisted(first_line(error)) from error
        if not found:
            raise Unlisted("there is nothing")
        return found

    return blobs


def with_listings(now: Now, lister: Lister, progress: Progress) -> Now:
    """With a digest of each listing; what cannot be listed stays without one, and it is said why."""

    def listed(name: str, data: LockedData) -> LockedData:
        try:
            return _listed(data, lister)
        except Unlisted as why:
            progress(f"{name} cannot be listed: {why}")
            return data

    return _each(now, listed)


def listings_as_locked(now: Now, lock: ManifestLock, lister: Lister) -> Now:
    """With a digest of each listing that the lock has one of. Raises DifferenceFound for one that cannot be had."""
    had = {f"inputs.{name}": data for name, data in lock.inputs.items()} | {_CHECKPOINTS: lock.checkpoints}

    def listed(name: str, data: LockedData) -> LockedData:
        held = had.get(name)
        if held is None or held.sha256 is None or held.url != data.url:
            return data
        try:
            return _listed(data, lister)
        except Unlisted as why:
            message = f"{name} cannot be listed, so that it cannot be compared with the lock: {why}"
            raise DifferenceFound(
                message, "who runs it needs Storage Blob Data Reader on it, as who locked it"
            ) from why

    return _each(now, listed)


def _each(now: Now, listed: Callable[[str, LockedData], LockedData]) -> Now:
    """With each input, and the checkpoints, as `listed` gives them; that is told their key in a manifest."""
    inputs = {name: listed(f"inputs.{name}", data) for name, data in now.inputs.items()}
    return replace(now, inputs=inputs, checkpoints=now.checkpoints and listed(_CHECKPOINTS, now.checkpoints))


def _listed(data: LockedData, lister: Lister) -> LockedData:
    if data.url is None:
        return data
    entries = lister(data.url)
    return replace(data, sha256=_digest(entries), files=len(entries), bytes=sum(entry.size for entry in entries))


def _digest(entries: Collection[BlobEntry]) -> str:
    return tree_digest({spelt(entry.key): f"{entry.size} {entry.e_tag}" for entry in entries})

"""Copies of evidence in a container whose policy lets nobody change them: written where nothing is yet, never over
what is there."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from tfinfra.cloud import Cloud
from tfinfra.errors import first_line
from tfinfra.evidence.names import SUMS
from tfinfra.evidence.sums import sha256
from tfinfra.store import ObjectStore, content, store_errors

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NotKept(Exception):
    """A copy that was not taken; the text says why."""


def takes_copies(url: str, cloud: Cloud) -> bool:
    """Whether a run of this cloud has business with the container: the caller's token goes to hosts of its own cloud
    alone, and a run that stays on this machine goes to a container that does."""
    host = urlsplit(url).hostname or ""
    return host in _LOOPBACK if cloud.name == "local" else host.endswith(f".blob.{cloud.storage_suffix}")


def copy_folder(run: str, files: Mapping[str, bytes]) -> str:
    """Where a copy lies: evidence that says more, after the deletion, gets a folder of its own."""
    return f"{run}/{sha256(files[SUMS])[:16]}"


def hand_in(store: ObjectStore, run: str, files: Mapping[str, bytes]) -> str:
    """Writes the files, the sums last: where they are, all is. The folder that they are in. What is there already with
    the same bytes is a copy that was made before. Raises NotKept."""
    folder = copy_folder(run, files)
    for name in sorted(files, key=lambda name: (name == SUMS, name)):
        key = f"{folder}/{name}"
        try:
            taken = store.put_if_absent(key, files[name]) or content(store, key) == files[name]
        except store_errors() as error:
            raise NotKept(first_line(error)) from error
        if not taken:
            raise NotKept(f"{key} is there already, with other bytes")
    return folder

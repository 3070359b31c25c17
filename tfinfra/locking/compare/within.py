"""Whether the parts of a lock fit together: digests over what stands below, files that are what they are called."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.environment.recipe import HOROVOD_HASHES, HOROVOD_VERSION
from tfinfra.locking.document import LockedPackage, ManifestLock
from tfinfra.locking.environment import environment_lock
from tfinfra.locking.package_file_names import is_file_of
from tfinfra.locking.trees import tree_digest
from tfinfra.manifest.document import KeyPath

Misfit = tuple[KeyPath, str, str]
"""The place below the key `lock`, the code of a difference there, and a sentence."""


def misfits(lock: ManifestLock) -> Iterator[Misfit]:
    """What nobody who wrote a lock has written."""
    if lock.source.tree != tree_digest(lock.source.files):
        message = "the digest of the source directory is not that of the files below it"
        yield ("source", "tree"), "TFI905", message
    held = lock.environment
    odd = [
        *_odd(("environment", "packages"), held.packages),
        *_odd(("environment", "horovod", "tools"), held.horovod.tools if held.horovod else ()),
    ]
    yield from odd
    if not odd and held.key != environment_lock(held).key:
        message = "the packages are not those of this key: the lock was changed"
        yield ("environment", "key"), "TFI908", message
    horovod = held.horovod
    if horovod is not None and horovod.version == HOROVOD_VERSION and horovod.sdist not in HOROVOD_HASHES:
        message = f"Horovod {horovod.version} is built from another source package than this"
        yield ("environment", "horovod", "sdist"), "TFI908", message
    deploy = lock.infrastructure.deploy
    if deploy.tree != tree_digest(deploy.files):
        message = "the digest of the deploy folder is not that of the files below it"
        yield ("infrastructure", "deploy", "tree"), "TFI907", message


def _odd(path: KeyPath, packages: tuple[LockedPackage, ...]) -> Iterator[Misfit]:
    """Packages whose file is of another name or version, and those that are there twice."""
    seen: set[str] = set()
    for index, package in enumerate(packages):
        if not is_file_of(package.file, package.name, package.version):
            message = f"{package.name} {package.version} is not what '{package.file}' is"
            yield (*path, index, "version"), "TFI908", message
        if package.name in seen:
            yield (*path, index, "name"), "TFI908", f"{package.name} is here a second time"
        seen.add(package.name)

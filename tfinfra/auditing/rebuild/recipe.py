"""A lock's environment → what a rebuild installs, or why nothing is. A lock is input like all evidence: what goes to
package tools is what their own grammars allow, and comes from the auditor's own indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tfinfra.environment.lock_file import Lock
from tfinfra.environment.recipe import HOROVOD_HASHES, HOROVOD_VERSION, OPENMPI_VERSION, RECIPE, TENSORFLOWS
from tfinfra.environment.requirements.requirement import normalised
from tfinfra.locking.aliases import FILE, Aliases, UnknownAlias, bare, sources_of
from tfinfra.locking.document import LockedEnvironment, LockedPackage
from tfinfra.locking.environment import environment_lock, requirements_text
from tfinfra.locking.package_file_names import is_file_of

_PYTHON = re.compile(r"3\.\d{1,2}\.\d{1,3}")
_VERSION = re.compile(r"\d[A-Za-z0-9.+-]{0,40}")
_PLATFORM = re.compile(r"[a-z0-9_]{1,40}(-[a-z0-9_]{1,40}){0,2}")
_MOST_PACKAGES = 2_000
MOST_BYTES = 64 * 2**30
"""Of all files: the largest environments take a tenth of it."""


@dataclass(frozen=True)
class NotBuilt:
    """Why an environment is not built anew, as a sentence, and the way out where there is one."""

    why: str
    hint: str | None = None


def refused(held: LockedEnvironment) -> tuple[str, ...]:
    """What no tfinfra writes into a lock, and what nobody who rebuilds one would do: a sentence each."""
    return tuple(dict.fromkeys(_refused(held)))


def _refused(held: LockedEnvironment) -> Iterator[str]:
    if not _PYTHON.fullmatch(held.python.version):
        yield f"Python's version is '{held.python.version}', which is none"
    if not _VERSION.fullmatch(held.framework_version):
        yield f"TensorFlow's version is '{held.framework_version}', which is none"
    if held.tensorflow not in TENSORFLOWS:
        yield f"TensorFlow is to come from '{held.tensorflow}', which is no package of it"
    if not _PLATFORM.fullmatch(held.platform):
        yield f"the platform is '{held.platform}', which is none"
    tools = held.horovod.tools if held.horovod else ()
    yield from _of_packages(held.packages, held.source_builds)
    yield from _of_packages(tools, ())
    names = {normalised(one.name) for one in held.packages}
    for name in held.source_builds:
        if normalised(name) not in names:
            yield f"source_builds names '{name}', which is no package of the lock"
    yield from _of_horovod(held)
    if held.key != environment_lock(held).key:
        yield f"the packages are not those of the key '{held.key}'"


def _of_packages(packages: tuple[LockedPackage, ...], source_builds: tuple[str, ...]) -> Iterator[str]:
    if len(packages) > _MOST_PACKAGES:
        yield f"{len(packages)} packages are more than any environment has"
        return
    if sum(one.size or 0 for one in packages) > MOST_BYTES:
        yield f"the packages are said to have more than {MOST_BYTES // 2**30} GiB"
    seen: set[str] = set()
    builds = {normalised(name) for name in source_builds}
    for one in packages:
        name = normalised(one.name)
        if not is_file_of(one.file, one.name, one.version):
            yield f"{one.name} {one.version} is not what '{one.file}' is"
        if not one.file.endswith(".whl") and name not in builds:
            yield f"{one.name} comes as source, whose code runs where it is built, and source_builds does not name it"
        if name in seen:
            yield f"{one.name} is there a second time"
        seen.add(name)


def _of_horovod(held: LockedEnvironment) -> Iterator[str]:
    horovod = held.horovod
    if horovod is None or held.recipe != RECIPE:
        return
    if (horovod.version, horovod.openmpi) != (HOROVOD_VERSION, OPENMPI_VERSION):
        yield f"this recipe builds Horovod {HOROVOD_VERSION} on Open MPI {OPENMPI_VERSION}, and the lock says otherwise"
    if horovod.sdist not in HOROVOD_HASHES:
        yield "Horovod's source package is not the one that this recipe builds"


def beyond(held: LockedEnvironment, platforms: tuple[str, ...]) -> NotBuilt | None:
    """Why the environment of a lock that is none of the refused cannot be made anew here; `platforms` are the locks'
    names of this machine."""
    if held.recipe != RECIPE:
        return NotBuilt(f"this tfinfra builds by recipe {RECIPE}, and the lock is of recipe {held.recipe}")
    if held.platform not in platforms:
        return NotBuilt(f"the environment is for {held.platform}, and this machine is {platforms[0]}")
    if held.conda:
        return NotBuilt("it has conda's packages, which hold the path and the time of their installation")
    return None


def built_from_source(held: LockedEnvironment) -> tuple[str, ...]:
    """The packages whose code runs where they are built."""
    return (*held.source_builds, *(("horovod",) if held.horovod else ()))


def without_builds(lock: Lock, held: LockedEnvironment) -> Lock:
    """The same with what comes as wheels alone, and with its key, which says what it is called in its files."""
    wheels = [one for one in held.packages if one.file.endswith(".whl")]
    return replace(lock, packages=requirements_text(wheels), horovod=None, tools="", source_builds=())


def lock_here(held: LockedEnvironment, aliases: Aliases) -> Lock | NotBuilt:
    """The environment lock with the auditor's own indexes, which alone are asked, by nobody in particular."""
    own = replace(aliases, urls={alias: bare(url) for alias, url in aliases.urls.items()})
    try:
        sources = sources_of(held.indexes, own)
    except UnknownAlias as unknown:
        hint = f"write `{unknown.alias}: https://…` into {FILE} in your configuration folder"
        return NotBuilt(f"no index is known here by the alias '{unknown.alias}'", hint)
    return environment_lock(held, sources)

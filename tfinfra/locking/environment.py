"""The training environment of a lock, and the environment lock that it is built from: each from the other."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tfinfra.environment.conda.locked_package import CONDA, CondaPackage, channel_of
from tfinfra.environment.lock_file import Lock, keyed
from tfinfra.environment.recipe import HOROVOD_HASHES, package_name
from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.locking.document import (
    LockedConda,
    LockedEnvironment,
    LockedHorovod,
    LockedIndexes,
    LockedInstalled,
    LockedPackage,
    LockedPython,
)
from tfinfra.model import PackageSources
from tfinfra.text.credentials import in_urls

if TYPE_CHECKING:  # whoever only compares locks, in a hook, waits for what is imported
    from tfinfra.environment.uv.package_files import PackageFile
    from tfinfra.model import InstalledTree

_EXACT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
Files = Mapping[str, "Collection[PackageFile]"]


def exact_lines(packages: str) -> tuple[str, ...]:
    """The packages of a requirements text, "name==version" each."""
    return tuple(f"{name}=={version}" for name, version in _EXACT.findall(packages))


def locked_packages(packages: str, files: Files, source_builds: Collection[str] = ()) -> tuple[LockedPackage, ...]:
    """Of each package the one file that is installed. Raises RefusedPackages for one without a file or a hash, and for
    a source distribution that is not among `source_builds`."""
    return tuple(_locked_package(line, files, source_builds) for line in exact_lines(packages))


def _locked_package(line: str, files: Files, source_builds: Collection[str]) -> LockedPackage:
    name, version = line.split("==")
    name = package_name(name)
    from tfinfra.environment.uv.package_files import installed_file

    file = installed_file(files.get(name, ()))
    if file is None:
        message = f"{name} {version} has no hash: its index tells none, and a lock holds nothing without one"
        raise RefusedPackages(message, "name an index that tells hashes", about=(name,), code="TFI911")
    if not file.file.endswith(".whl") and name not in source_builds:
        message = f"{name} {version} comes as source, whose code runs where it is built"
        hint = f"write {name} in source_builds if you mean it, or take a version with wheels"
        raise RefusedPackages(message, hint, about=(name,), code="TFI911")
    return LockedPackage(name, version, file.file, f"sha256:{file.sha256}", file.size)


def locked_environment(
    lock: Lock,
    files: Files,
    *,
    tools: Files,
    asked: str,
    origin: str,
    indexes: LockedIndexes,
    compiler: str | None = None,
    cuda: str | None = None,
) -> LockedEnvironment:
    """What a lock says of the environment of `lock`. `files` and `tools` are those of its packages and of what Horovod
    is built with, `asked` the digest of the requirements, `origin` where Python is from. Raises RefusedPackages."""
    horovod = None
    if lock.horovod is not None:
        sdist = next(iter(sorted(HOROVOD_HASHES)))
        made_with = locked_packages(lock.tools, tools)
        horovod = LockedHorovod(lock.horovod, sdist, lock.openmpi or "", compiler, cuda, made_with)
    found = LockedEnvironment(
        key="",
        asked=asked,
        recipe=lock.recipe,
        platform=lock.platform,
        python=LockedPython(lock.python_version, "conda" if lock.has_conda_python else origin),
        tensorflow=lock.tensorflow,
        framework_version=lock.framework_version,
        gpu=lock.gpu,
        packages=locked_packages(lock.packages, files, lock.source_builds),
        indexes=indexes,
        source_builds=lock.source_builds,
        conda=tuple(map(_locked_conda, lock.conda)),
        horovod=horovod,
    )
    return replace(found, key=environment_lock(found).key)


def environment_lock(locked: LockedEnvironment, sources: PackageSources | None = None) -> Lock:
    """The environment lock that holds exactly these files. Its key is the same whatever the `sources`: a mirror is no
    other environment."""
    lock = keyed(
        Lock(
            key="",
            recipe=locked.recipe,
            platform=locked.platform,
            python_version=locked.python.version,
            tensorflow=locked.tensorflow,
            framework_version=locked.framework_version,
            packages=requirements_text(locked.packages),
            horovod=locked.horovod.version if locked.horovod else None,
            openmpi=locked.horovod.openmpi if locked.horovod else None,
            tools=requirements_text(locked.horovod.tools) if locked.horovod else "",
            gpu=locked.gpu,
            conda=tuple(map(_conda_package, locked.conda)),
            source_builds=locked.source_builds,
        )
    )
    return replace(lock, sources=sources) if sources else lock


def locked_installed(tree: InstalledTree) -> LockedInstalled:
    """What a lock says of an environment that was built."""
    digests = (f"sha256:{tree.digest}", f"sha256:{tree.interpreter}")
    return LockedInstalled(*digests, tree.installer, tree.compiler, tree.declared)


def installed_of(locked: LockedInstalled) -> InstalledTree:
    """The same, to be compared with what is on a node (environment/proof/)."""
    from tfinfra.model import InstalledTree

    digests = (locked.tree.removeprefix("sha256:"), locked.interpreter.removeprefix("sha256:"))
    return InstalledTree(*digests, locked.installer, locked.compiler, locked.declared)


def requirements_text(packages: Iterable[LockedPackage]) -> str:
    """A requirements file for pip and uv, a hash for each package."""
    return "".join(f"{one.name}=={one.version} \\\n    --hash={one.sha256}\n" for one in packages)


def pins_of(locked: LockedEnvironment, *, without: Collection[str] = ()) -> Iterator[str]:
    """The versions that a new lock keeps where they still fit, but for the packages in `without`."""
    for package in locked.packages:
        if package_name(package.name) not in without:
            yield f"{package.name}=={package.version}"


def _locked_conda(package: CondaPackage) -> LockedConda:
    """Raises RefusedPackages for one whose channel's URL says who asks: whoever reads the lock could ask with it."""
    if in_urls(package.url):
        message = f"{package.name} comes from a conda channel whose URL carries a user, a password or a token"
        hint = "let conda's own settings have it (`rattler auth login HOST`), and name the channel without"
        raise RefusedPackages(message, hint, key="conda_channels", about=(package.name,), code="TFI912")
    return LockedConda(
        name=package.name,
        version=package.version,
        build=package.build,
        subdir=package.subdir,
        channel=channel_of(package.url),
        file=package.file,
        sha256=f"sha256:{package.sha256}",
        build_number=package.build_number,
        noarch=package.noarch,
        depends=package.depends,
    )


def _conda_package(locked: LockedConda) -> CondaPackage:
    base = locked.channel if "://" in locked.channel or locked.channel.startswith("file:") else CONDA + locked.channel
    return CondaPackage(
        name=locked.name,
        version=locked.version,
        build=locked.build,
        build_number=locked.build_number,
        subdir=locked.subdir,
        noarch=locked.noarch,
        depends=locked.depends,
        channel=locked.channel,
        url=f"{base}/{locked.subdir}/{locked.file}",
        sha256=locked.sha256.removeprefix("sha256:"),
    )

"""Plan, source and lock → the run's bundle: the shared member from the cache, then one with what is this run's own."""

from __future__ import annotations

import json
import os
import posixpath
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from tfinfra.bundle.archive import END, add_bytes, add_file, add_link, gzip_member
from tfinfra.bundle.shared import conda_member, shared_member
from tfinfra.bundle.source_directory import SourceFile, source_files, spell_secrets, survey
from tfinfra.environment.lock_file import Lock
from tfinfra.errors import ManifestError
from tfinfra.model import Plan, to_json
from tfinfra.model.entry import entry_of, python_path
from tfinfra.store.keys import bundle_key
from tfinfra.system.file_digest import sha256_of
from tfinfra.system.paths import cache_folder

LARGE_SOURCE = 500 << 20


@dataclass(frozen=True)
class Bundle:
    """`key` is its place in the run's store, `sha256` its digest in hexadecimal, `path` the file here."""

    path: Path
    key: str
    sha256: str


def build_bundle(
    plan: Plan,
    source: Path,
    lock: Lock,
    prebuilt: Path | None,
    out: Path,
    *,
    progress: Callable[[str], None] | None = None,
    cache: Path | None = None,
) -> Bundle:
    """Writes the bundle to `out`. `prebuilt` is the environment's folder where the nodes have it already.

    Raises ManifestError where a file of `source` cannot travel or the entry script is among what is ignored.
    """
    found = survey(source)
    _check_entry(plan, found.files)
    if progress:
        size = sum(file.size for file in found.files)
        if size > LARGE_SOURCE:
            largest = max(found.files, key=lambda file: file.size)
            progress(
                f"source_directory holds {size / 1e6:.0f} MB, of which '{largest.name}' is {largest.size / 1e6:.0f} MB;"
                " name in .tfinfraignore what the nodes do not need"
            )
        if found.secrets:
            progress(f"source_directory: {spell_secrets(found.secrets)}")
    shared = [shared_member(lock.platform, cache or cache_folder())]
    if lock.conda and prebuilt is None:
        shared.append(conda_member(lock.platform, cache or cache_folder()))
    staging = out.with_name(f"{out.name}.{os.getpid()}")
    with staging.open("wb") as archive:
        for path in shared:
            with path.open("rb") as member:
                shutil.copyfileobj(member, archive)
        with gzip_member(archive) as own:
            _write_own(own, plan, found.files, lock, prebuilt)
    staging.replace(out)
    digest = sha256_of(out)
    return Bundle(out, bundle_key(digest), digest)


def check_source(plan: Plan, source: Path) -> None:
    """Raises ManifestError for what `build_bundle` would refuse, before anything is built or bought."""
    _check_entry(plan, source_files(source))


def _check_entry(plan: Plan, files: tuple[SourceFile, ...]) -> None:
    entry = entry_of(plan.entry_script)
    folders = (".", *python_path(plan.environment_variables)) if entry.module else (".",)
    wanted = {posixpath.normpath(f"{folder}/{path}") for folder in folders for path in entry.paths}
    if wanted.isdisjoint(file.name for file in files):
        raise ManifestError(
            f"entry_script: '{plan.entry_script}' is not among the files that travel to the nodes",
            hint="an ignore file of source_directory names it, or its name is that of a secret; `!` in .tfinfraignore"
            " takes it back",
        )


def _write_own(out: IO[bytes], plan: Plan, files: tuple[SourceFile, ...], lock: Lock, prebuilt: Path | None) -> None:
    """The member that is this run's alone."""
    environment = {"lock": to_json(lock), "prebuilt": str(prebuilt) if prebuilt else None}
    for name, content in (("environment.json", environment), ("plan.json", to_json(plan))):
        add_bytes(out, name, (json.dumps(content, indent=2) + "\n").encode())
    for package in lock.conda if prebuilt is None else ():
        if package.url.startswith("file:"):  # of a channel that is a folder of this machine: no node sees it
            path = Path(unquote(urlsplit(package.url).path))
            add_file(out, f"conda/{path.name}", path, executable=False)
    for file in files:
        if file.link is not None:
            add_link(out, f"source/{file.name}", file.link)
        else:
            add_file(out, f"source/{file.name}", file.path, executable=file.executable)
    out.write(END)

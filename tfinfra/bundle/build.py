"""Plan, source and lock → the run's bundle: the shared member from the cache, then one with what is this run's own."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from tfinfra.agent.evidence.bundle_check import packed_agent
from tfinfra.bundle.archive import END, add_bytes, add_file, add_link, gzip_member
from tfinfra.bundle.shared import conda_member, shared_member
from tfinfra.environment.lock_file import Lock
from tfinfra.model import Plan, to_json
from tfinfra.store.keys import bundle_key
from tfinfra.system.file_digest import sha256_of
from tfinfra.system.paths import cache_folder
from tfinfra.travel.survey import SourceFile


@dataclass(frozen=True)
class Source:
    """The source directory and which files of it travel."""

    root: Path
    files: tuple[SourceFile, ...]


@dataclass(frozen=True)
class Packed:
    """A file of the source directory as it went into a bundle: `sha256` None of a link, whose target is `link`."""

    name: str
    sha256: str | None
    executable: bool = False
    link: str | None = None


@dataclass(frozen=True)
class Bundle:
    """`key` is its place in the run's store, `sha256` its digest in hexadecimal, `path` the file here; `source` is what
    of the source directory is in it, `agent` the digest of the agent's own files, as a node computes it."""

    path: Path
    key: str
    sha256: str
    source: tuple[Packed, ...] = ()
    agent: str = ""


def build_bundle(
    plan: Plan,
    source: Source,
    lock: Lock,
    prebuilt: Path | None,
    out: Path,
    *,
    cache: Path | None = None,
) -> Bundle:
    """Writes the bundle to `out`. `prebuilt` is the environment's folder where the nodes have it already."""
    shared = [shared_member(lock.platform, cache or cache_folder())]
    if lock.conda and prebuilt is None:
        shared.append(conda_member(lock.platform, cache or cache_folder()))
    staging = out.with_name(f"{out.name}.{os.getpid()}")
    with staging.open("wb") as archive:
        for path in shared:
            with path.open("rb") as member:
                shutil.copyfileobj(member, archive)
        with gzip_member(archive) as own:
            packed = _write_own(own, plan, source, lock, prebuilt)
    staging.replace(out)
    digest = sha256_of(out)
    return Bundle(out, bundle_key(digest), digest, packed, packed_agent(shared[0]))


def _write_own(out: IO[bytes], plan: Plan, source: Source, lock: Lock, prebuilt: Path | None) -> tuple[Packed, ...]:
    """The member that is this run's alone; what of the source directory it holds."""
    environment = {"lock": to_json(lock), "prebuilt": str(prebuilt) if prebuilt else None}
    for name, content in (("environment.json", environment), ("plan.json", to_json(plan))):
        add_bytes(out, name, (json.dumps(content, indent=2) + "\n").encode())
    for package in lock.conda if prebuilt is None else ():
        if package.url.startswith("file:"):  # of a channel that is a folder of this machine: no node sees it
            path = Path(unquote(urlsplit(package.url).path))
            add_file(out, f"conda/{path.name}", path, executable=False)
    packed = tuple(_pack(out, source.root, file) for file in source.files if _is_there(source.root, file))
    out.write(END)
    return packed


def _is_there(root: Path, file: SourceFile) -> bool:
    """An editor's temporary file may be gone by now."""
    return file.link is not None or os.path.lexists(f"{root}/{file.name}")


def _pack(out: IO[bytes], root: Path, file: SourceFile) -> Packed:
    if file.link is not None:
        add_link(out, f"source/{file.name}", file.link)
        return Packed(file.name, None, link=file.link)
    digest = add_file(out, f"source/{file.name}", f"{root}/{file.name}", executable=file.executable)
    return Packed(file.name, digest, file.executable)

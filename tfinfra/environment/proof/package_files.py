"""Each package's own list against the files, and the files that no package lists: pure functions of what was read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tfinfra.environment.proof.deviation import Deviation, Kind
from tfinfra.environment.proof.packages import InstalledPackage, RecordedFile
from tfinfra.environment.proof.tree import LINK, STRANGE, Entry, Tree

_BYTECODE = re.compile(r"(.+)\.cpython-\d+(?:\.opt-[12])?\.pyc")
_CACHE = "__pycache__"
_STARTS_ALONE = ("sitecustomize", "usercustomize")


def record_deviations(packages: Iterable[InstalledPackage], tree: Tree) -> tuple[Deviation, ...]:
    """Every file of every package against `tree`, sorted by path. A file that several packages list is right where it
    is what one of them says: the last one installed has written it."""
    found: list[Deviation] = []
    claims: dict[str, list[tuple[str, RecordedFile]]] = defaultdict(list)
    for package in packages:
        if package.fault:
            found.append(Deviation(Kind.UNVERIFIABLE, package.record, package.fault, package.name))
        for file in package.files:
            claims[file.path].append((package.name, file))
    unread = dict(tree.unread)
    for path, claimed in claims.items():
        faults = [_fault(file, tree, unread) for _, file in claimed]
        if all(faults):
            kind, text = next(fault for fault in faults if fault)
            found.append(Deviation(kind, path, text, claimed[0][0]))
    return tuple(sorted(found, key=lambda deviation: (deviation.path, deviation.text)))


def _fault(file: RecordedFile, tree: Tree, unread: dict[str, str]) -> tuple[Kind, str] | None:
    if file.path in unread:
        return Kind.UNVERIFIABLE, f"cannot be read: {unread[file.path]}"
    if file.path.startswith(("..", "/")):
        return Kind.FOREIGN, "lies outside of the environment, and the package lists it"
    entry = tree.entries.get(file.path)
    if entry is None:
        return Kind.MISSING, "is gone"
    return _other_bytes(file, entry) if file.digest else None


def _other_bytes(file: RecordedFile, entry: Entry) -> tuple[Kind, str] | None:
    if entry.mode in (LINK, STRANGE):
        return Kind.CHANGED, "is no file"
    if file.algorithm != "sha256":
        return Kind.UNVERIFIABLE, f"has a digest of the kind {file.algorithm} alone"
    return None if entry.sha256 == file.digest else (Kind.CHANGED, "is not what the package lists")


def foreign_files(packages: Iterable[InstalledPackage], tree: Tree, sites: Iterable[str]) -> tuple[Deviation, ...]:
    """The files of `tree` below the folders `sites` that no package lists, sorted by path: modules, .pth files, links,
    and bytecode without a module that is listed."""
    owned = {file.path for package in packages for file in package.files}
    return tuple(
        Deviation(Kind.FOREIGN, path, _meaning(path, site))
        for site in sorted(sites)
        for path in sorted(tree.entries)
        if path.startswith(f"{site}/") and not owned.intersection(_owners(path))
    )


def _owners(path: str) -> Iterator[str]:
    """The paths of which one must be listed: the file's own, and its module's for bytecode where Python keeps that."""
    yield path
    here = PurePosixPath(path)
    found = _BYTECODE.fullmatch(here.name)
    if found and here.parent.name == _CACHE:
        yield str(here.parent.parent / f"{found[1]}.py")


def _meaning(path: str, site: str) -> str:
    """What a file does that no package lists: what Python itself reads at its start is named."""
    name = path.removeprefix(f"{site}/")
    if name.endswith(".pth"):
        return "no package has it, and Python reads it at every start"
    if name.partition(".")[0].partition("/")[0] in _STARTS_ALONE:
        return "no package has it, and Python runs it at every start"
    return "no package has it"

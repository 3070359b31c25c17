"""Which files of a folder are manifests. What is there may be anybody's: workflows, targets, data, broken files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Set
from pathlib import Path

from tfinfra.compiler.other_files import TARGETS_FILE
from tfinfra.compiler.user_paths import read_bounded
from tfinfra.errors import ManifestError, UsageError
from tfinfra.locking.read import is_lock
from tfinfra.manifest.key_schema import MANIFEST, SPELLINGS
from tfinfra.manifest.reading.reader import MOST_BYTES, read_document
from tfinfra.manifest.words.spelling_hints import nearest
from tfinfra.travel.never_code import by_content, by_name, is_tfinfras

ENDINGS = (".yaml", ".yml")
_ENTRY = "entry_script"
_OTHERS_TOO = frozenset({"name", "inputs", "tags", "secrets", "metrics", "image", "$schema"})
"""Keys that files of other programs have as well (workflows, actions, containers)."""
_OWN = frozenset({*MANIFEST, *SPELLINGS}) - _OTHERS_TOO
_ENOUGH = 2
"""So many keys of a manifest alone say that a file is one whose `entry_script` is missing."""
_ALIKE = 0.85
"""How like `entry_script` a key is that means it."""
_MARKS = b"\xef\xbb\xbf\xff\xfe"
"""Marks of byte order, with which files of some editors begin."""
_TOP_KEY = re.compile(rb"^[{\s]{0,8}?[\"']?([A-Za-z_-]{1,64})[\"']?[ \t]*:", re.MULTILINE)


def find_manifests(folder: Path) -> tuple[Path, ...]:
    """The manifests in `folder` and below, in the order of their paths. Hidden files and folders, environments, and
    what tfinfra itself wrote hold none; no link to a folder is followed. A file that cannot be read as YAML is one
    where its keys are a manifest's. Raises UsageError where there is none, and where it cannot be looked through."""
    found = tuple(path for path in _yaml_files(folder) if _is_manifest(path))
    if not found:
        message = f"there is no manifest in '{folder}': no YAML file in it has an `{_ENTRY}`"
        raise UsageError(message, "name the manifest's file, or another folder; `tfinfra init` writes a first one")
    return found


def _yaml_files(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        message = f"cannot look through '{error.filename}': {(error.strerror or str(error)).lower()}"
        raise UsageError(message, "name the manifests' files") from error

    for at, folders, files in os.walk(folder, onerror=refuse):
        here = Path(at)
        names = {os.fsencode(name) for name in (*folders, *files)}
        if here != folder and (by_content(names) or is_tfinfras(here, names)):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(".") and by_name(name) is None)
        yield from (here / name for name in sorted(files) if _may_be_one(name))


def _may_be_one(name: str) -> bool:
    return name.endswith(ENDINGS) and not name.startswith(".") and name != TARGETS_FILE and not is_lock(name)


def _is_manifest(path: Path) -> bool:
    try:
        data = read_bounded(path, MOST_BYTES)
    except (OSError, ValueError):
        return False
    if data is None:
        return False
    data = data.lstrip(_MARKS).replace(b"\0", b"")  # a manifest in UTF-16 is one, and is told to be UTF-8
    written = {found.decode() for found in _TOP_KEY.findall(data)}
    if _ENTRY.encode() not in data and not _are_a_manifests(written):  # most files of other programs need no parser
        return False
    try:
        return _are_a_manifests(set(read_document(data, str(path))[0].data))
    except ManifestError:
        return _are_a_manifests(written)


def _are_a_manifests(keys: Set[str]) -> bool:
    """Whether a person means a manifest by them, however the keys are spelt."""
    meant = {key.lower().replace("-", "_") for key in keys}
    return any(nearest(key, [_ENTRY], _ALIKE) for key in meant) or len(meant & _OWN) >= _ENOUGH

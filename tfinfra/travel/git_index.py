"""The names that git tracks, read out of a repository's index: what is tracked is no matter of ignore files.
Source: git's documentation, "index-format", versions 2 to 4."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

_HEAD, _FIXED = 12, 40
_EXTENDED, _LINK = 0x4000, b"link"
_LONGEST = 4096
"""Bytes of a name (PATH_MAX): in version 4 each goes on from the one before it, and a broken index could go on so."""
_DIGESTS = (20, 32)
"""Bytes of an object's name: SHA-1, or SHA-256 in the repositories that are made so."""


def tracked_names(folder: Path) -> frozenset[bytes]:
    """The names, relative to the work tree, of the files and submodules in the index of a repository's own `folder`
    (.git); none where there is no index, or one that cannot be read here."""
    try:
        data = (folder / "index").read_bytes()
    except OSError:
        return frozenset()
    for digest in _DIGESTS:
        try:
            names, end = _entries(data, digest)
        except (struct.error, ValueError, IndexError):
            continue
        if end == len(data) - digest or data[end : end + 4].isalpha():
            return names | _shared(folder, data, end, digest)
    return frozenset()


def _shared(folder: Path, data: bytes, end: int, digest: int) -> frozenset[bytes]:
    """The names of the index that a split one goes on from. (Some of them may be removed by it; that takes a file
    along that is ignored and was tracked until lately.)"""
    for name, content in _extensions(data, end, digest):
        if name == _LINK and any(base := content[:digest]):
            try:
                return _entries((folder / f"sharedindex.{base.hex()}").read_bytes(), digest)[0]
            except (OSError, struct.error, ValueError, IndexError):
                return frozenset()
    return frozenset()


def _extensions(data: bytes, at: int, digest: int) -> Iterator[tuple[bytes, bytes]]:
    while at + 8 <= len(data) - digest:
        size = int.from_bytes(data[at + 4 : at + 8], "big")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size


def _entries(data: bytes, digest: int) -> tuple[frozenset[bytes], int]:
    """The names and where they end. Raises ValueError, IndexError or struct.error for what is no such index."""
    magic, version, count = struct.unpack_from(">4sII", data)
    if magic != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("no index")
    names, at, name = [], _HEAD, b""
    for _ in range(count):
        flags_at = at + _FIXED + digest
        (flags,) = struct.unpack_from(">H", data, flags_at)
        begin = flags_at + (4 if flags & _EXTENDED else 2)
        kept = b""
        if version == 4:
            cut, begin = _number(data, begin)
            kept = name[: len(name) - cut]
        end = data.index(b"\0", begin)
        name = kept + data[begin:end]
        if len(name) > _LONGEST:
            raise ValueError("no path is so long")
        names.append(name)
        at = end + 1 if version == 4 else at + (end - at + 8) // 8 * 8
    return frozenset(names), at


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length and where it ends, as git writes offsets in packs."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
    return value, at + 1

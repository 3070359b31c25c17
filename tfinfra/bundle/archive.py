"""tar and gzip without anything of the day, the machine or the user in them: the same files give the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, BinaryIO, cast

from tfinfra.errors import TfinfraError

END = bytes(2 * tarfile.BLOCKSIZE)
_GZIP_LEVEL = 2
_CHUNK = 1 << 20


@contextmanager
def gzip_member(out: IO[bytes]) -> Iterator[BinaryIO]:
    """A gzip member appended to `out`; members that follow one another are one file to whoever unpacks it."""
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=out, mtime=0) as member:
        buffered = io.BufferedWriter(cast(io.RawIOBase, member), _CHUNK)
        yield cast(BinaryIO, buffered)
        buffered.flush()


def add_bytes(out: IO[bytes], name: str, data: bytes) -> None:
    """A tar entry of a plain file."""
    _add(out, name, len(data), False, io.BytesIO(data))


def add_file(out: IO[bytes], name: str, path: str | Path, *, executable: bool) -> str:
    """A tar entry with what `path` holds when it is opened: a log that is still written to may grow meanwhile. The
    SHA-256 of that. Raises TfinfraError where it shrinks or goes away."""
    try:
        with open(path, "rb", buffering=0) as content:  # noqa: PTH123  Path's own takes as long again
            size = os.fstat(content.fileno()).st_size
            return _add(out, name, size, executable, content)
    except FileNotFoundError as error:
        raise TfinfraError(f"'{path}' went away while it was copied", hint="run the command again") from error


def add_link(out: IO[bytes], name: str, target: str) -> None:
    """A tar entry of a symbolic link."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, target, 0o755
    out.write(entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))


def header(name: str, size: int, *, executable: bool) -> bytes:
    """The header of a plain file. Most are made from a model, which is ten times as quick as tarfile's own way."""
    if len(name) <= tarfile.LENGTH_NAME and name.isascii() and size < _MOST_OCTAL:
        block = bytearray(_model(executable))
        block[: len(name)] = name.encode()
        block[124:135] = b"%011o" % size
        block[148:155] = b"%06o\0" % (sum(block) + 7 * ord(" "))
        return bytes(block)
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o755 if executable else 0o644
    return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


_MOST_OCTAL = 8**11


@cache
def _model(executable: bool) -> bytes:
    """tarfile's header of an empty file without a name, without its checksum's digits."""
    entry = tarfile.TarInfo("")
    entry.mode = 0o755 if executable else 0o644
    block = bytearray(entry.tobuf(tarfile.PAX_FORMAT))
    block[148:156] = b"\0" * 7 + b" "
    block[124:135] = b"\0" * 11
    return bytes(block)


def _add(out: IO[bytes], name: str, size: int, executable: bool, content: IO[bytes] | io.RawIOBase) -> str:
    out.write(header(name, size, executable=executable))
    left, digest = size, hashlib.sha256()
    while left and (chunk := content.read(min(left, _CHUNK))):
        out.write(chunk)
        digest.update(chunk)
        left -= len(chunk)
    if left:
        raise TfinfraError(f"'{name}' shrank while it was copied", hint="run the command again")
    out.write(bytes(-size % tarfile.BLOCKSIZE))
    return digest.hexdigest()

"""tar and gzip without anything of the day, the machine or the user in them: the same files give the same bytes."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
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
        yield cast(BinaryIO, member)


def add_bytes(out: IO[bytes], name: str, data: bytes) -> None:
    """A tar entry of a plain file."""
    _add(out, _entry(name, len(data), executable=False), io.BytesIO(data))


def add_file(out: IO[bytes], name: str, path: Path, *, executable: bool) -> None:
    """A tar entry with what `path` holds when it is opened: a log that is still written to may grow meanwhile.
    Raises TfinfraError where it shrinks or goes away."""
    try:
        with path.open("rb") as content:
            size = os.fstat(content.fileno()).st_size
            _add(out, _entry(name, size, executable=executable), content)
    except FileNotFoundError as error:
        raise TfinfraError(f"'{path}' went away while it was copied", hint="run the command again") from error


def add_link(out: IO[bytes], name: str, target: str) -> None:
    """A tar entry of a symbolic link."""
    entry = _entry(name, 0, executable=True)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    out.write(_header(entry))


def _entry(name: str, size: int, *, executable: bool) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o755 if executable else 0o644
    return entry


def _header(entry: tarfile.TarInfo) -> bytes:
    return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _add(out: IO[bytes], entry: tarfile.TarInfo, content: IO[bytes]) -> None:
    out.write(_header(entry))
    left = entry.size
    while left and (chunk := content.read(min(left, _CHUNK))):
        out.write(chunk)
        left -= len(chunk)
    if left:
        raise TfinfraError(f"'{entry.name}' shrank while it was copied", hint="run the command again")
    out.write(bytes(-entry.size % tarfile.BLOCKSIZE))

"""Archives of a provider plugin: the programs in them are no real plugins."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from tfinfra.arm.azure_native import BINARY, archive_name

PROGRAM = b"#!/bin/sh\necho no real plugin\n"


def archive(folder: Path, *members: tuple[str, bytes], program: bytes | None = PROGRAM) -> Path:
    """The archive as its vendor names it, with `members` (name, content) beside the program."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / archive_name()
    with tarfile.open(file, "w:gz") as tar:
        for name, content in (*members, *(((BINARY, program),) if program is not None else ())):
            add(tar, name, content)
    return file


def add(tar: tarfile.TarFile, name: str, content: bytes, kind: bytes = tarfile.REGTYPE, to: str = "") -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.type, member.linkname = len(content), 0o755, kind, to
    tar.addfile(member, io.BytesIO(content))


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()

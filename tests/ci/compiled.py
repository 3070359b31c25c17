"""What this Python has compiled of tfinfra, for checkouts of the same files."""

from __future__ import annotations

import struct
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

_UNCHECKED = struct.pack("<III", 1, 0, 0)
"""A file of bytecode that is taken as it is, whenever its module was written. Source: PEP 552."""


def bytecode_of(root: Path, folder: Path) -> Path:
    """`folder`, with the bytecode of those modules of the checkout `root` that have one which is theirs."""
    for source in (root / "tfinfra").rglob("*.py"):
        cached, status = Path(cache_from_source(str(source))), source.stat()
        data = cached.read_bytes() if cached.is_file() else b""
        written = struct.pack("<III", 0, int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
        if data[:16] == MAGIC_NUMBER + written:
            copy = folder / cached.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(MAGIC_NUMBER + _UNCHECKED + data[16:])
    return folder

"""What of the source directory travels, in a plan: how much, the largest of it, and what stays behind unasked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfinfra.cli.tables import Bold
from tfinfra.errors import in_one_line
from tfinfra.text.wording import count, first_few, spell_bytes
from tfinfra.travel.never_code import BYTECODE
from tfinfra.travel.survey import OURS, SourceFile, Survey

_LARGEST, _NAMED = 3, 5


def source_lines(travels: Survey) -> Iterator[str]:
    """The files that travel, and what stays behind that no ignore file names."""
    files = count(len(travels.files), "file") if len(travels.files) < 1000 else f"{len(travels.files):,} files"
    yield Bold("\nsource")
    yield f"  {files}, {spell_bytes(travels.size)}, to every node"
    if len(travels.files) > 1:
        largest = (f"{in_one_line(file.name)} ({spell_bytes(file.size)})" for file in _largest(travels))
        yield f"  the largest: {', '.join(largest)}"
    for what, names in _unasked(travels).items():
        yield f"  stays here: {first_few([*map(in_one_line, names)], _NAMED)} ({what})"


def source_document(travels: Survey) -> dict[str, Any]:
    """The same for --json: `files`, `bytes`, the `largest`, and what `stays_here` with the reason."""
    return {
        "files": len(travels.files),
        "bytes": travels.size,
        "largest": [{"name": file.name, "bytes": file.size} for file in _largest(travels)],
        "stays_here": [{"name": name, "why": what} for what, names in _unasked(travels).items() for name in names],
    }


def _largest(travels: Survey) -> list[SourceFile]:
    return sorted(travels.files, key=lambda file: (-file.size, file.name))[:_LARGEST]


def _unasked(travels: Survey) -> dict[str, list[str]]:
    """{what it is: names}. Nobody misses bytecode, or what tfinfra itself wrote."""
    found: dict[str, list[str]] = {}
    for name, reason in travels.left.items():
        if reason.what and reason.what not in (BYTECODE, OURS):
            found.setdefault(reason.what, []).append(name)
    return found

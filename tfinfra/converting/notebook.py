"""The code of a notebook: its cells as one program. Format: nbformat.readthedocs.io, "The notebook file format"."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_MISSES = 20
"""How many lines of code may be written in another way than JSON's usual ones before nobody looks any more."""

_OTHER = re.compile(r"\s*%%(?!time|capture|prun)")
"""How a cell begins that is a shell's, or a file's that it writes."""


def code_of(text: str) -> tuple[str, tuple[int, ...]] | None:
    """The program, and of each of its lines the line of the file; None for what is no notebook."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    cells = data.get("cells") if isinstance(data, Mapping) else None
    if not isinstance(cells, list):
        return None
    code = [line for cell in cells for line in _code(cell)]
    return "\n".join([*code, ""]), tuple(_lines(text.split("\n"), code))


def _code(cell: Any) -> list[str]:
    """The lines of one cell; none of one that is no code."""
    if not isinstance(cell, Mapping) or cell.get("cell_type") != "code":
        return []
    source = cell.get("source")
    parts = source if isinstance(source, list) else [source]
    code = "".join(part for part in parts if isinstance(part, str))
    return [] if _OTHER.match(code) else code.split("\n")


def _lines(file: list[str], code: list[str]) -> Iterator[int]:
    """Where each line of the code stands in the file, from 1; at the one before where it is not found."""
    at = misses = 0
    for line in code:
        forms = {json.dumps(line)[1:-1], json.dumps(line, ensure_ascii=False)[1:-1]} if misses < _MISSES else ()
        ways = [each for form in forms if line.strip() for each in (f'"{form}\\n"', f'"{form}"', form)]
        places = (index for way in ways for index in range(at, len(file)) if way in file[index])
        found = next(places, None)
        misses += bool(ways) and found is None
        at = at if found is None else found
        yield at + 1

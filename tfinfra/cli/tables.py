"""Tables and long lines as the place where they are shown takes them: a terminal of any width, with colours; a pipe or
a file, where each row is one line with all that it holds."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tfinfra.text.cleaning import clean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

GAP = 2
_COLUMN = re.compile(r"^ *|(?<=\S) {2,}")
_READABLE = 8
"""Columns of a terminal that a table's column needs at least, or is as wide as what it holds."""
Paint = Callable[[str], str]
"""A cell's style by its text ("bold", "red", or ""), or another text for it."""


class Bold(str):
    """A line that is emphasised on a terminal."""

    __slots__ = ()


def plain_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows with their cells in aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [(" " * GAP).join(map(str.ljust, row, widths)).rstrip() for row in rows]


def show_table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    paint: Mapping[str, Paint] | None = None,
    shorten: Mapping[str, Paint] | None = None,
    spare: Sequence[str] = (),
) -> None:
    """The rows on stdout. On a terminal that is too narrow for them side by side, cells are folded; where that would
    leave each a few letters, a row becomes a paragraph. By their columns' heads, `paint` gives cells their style,
    `shorten` another text where the terminal is too narrow for all, and columns of `spare` are left out, the first of
    them first, where that makes room for the others."""
    cleaned = [[" ".join(clean(cell).split("\n")) for cell in row] for row in rows]
    console = _terminal()
    if console is None:
        print("\n".join(plain_table([head, *cleaned])), flush=True)
        return
    if shorten and _width([head, *cleaned]) > console.width:
        cleaned = [[shorten.get(name, str)(cell) for name, cell in zip(head, row, strict=True)] for row in cleaned]
    head, *cleaned = _narrowed([list(head), *cleaned], spare, console.width)
    if _width([head, *cleaned], 2 * _READABLE) <= console.width:
        console.print(_table(head, cleaned, paint or {}))
    else:
        for number, row in enumerate(cleaned):
            console.print(*([] if number == 0 else [""]), _paragraph(head, row, paint or {}), sep="\n")


def show_lines(lines: Iterable[str], *, whole: bool = False) -> None:
    """Lines on stdout, cleaned. On a terminal a long one goes on below its last column, cut between words, unless it is
    to be `whole`, as a program's."""
    console = _terminal()
    for line in lines:
        if console is None or whole:
            print(clean(line), flush=True)
            continue
        from rich.text import Text  # slower to load than most verbs that print into a pipe take in all

        style = "bold" if isinstance(line, Bold) else ""
        for part in clean(line).split("\n"):
            console.print(Text("\n".join(_hanging(part, console)), style))


def _terminal() -> Console | None:
    """stdout, where it is a terminal."""
    if not sys.stdout.isatty():
        return None
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, soft_wrap=True, width=shutil.get_terminal_size().columns)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], paint: Mapping[str, Paint]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name, column in zip(head, zip(*rows, strict=True), strict=True):
        least = max(map(len, (name, *column)))
        table.add_column(name, overflow="fold", min_width=least if name == head[0] else min(_READABLE, least))
    for row in rows:
        table.add_row(*(Text(cell, paint.get(name, _plain)(cell)) for name, cell in zip(head, row, strict=True)))
    return table


def _paragraph(head: Sequence[str], row: Sequence[str], paint: Mapping[str, Paint]) -> Table:
    """Each cell on a line of its own, behind its head."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, cell in zip(head, row, strict=True):
        table.add_row(name, Text(cell, paint.get(name, _plain)(cell)))
    return table


def _plain(cell: str) -> str:
    del cell
    return ""


def _narrowed(rows: list[list[str]], spare: Sequence[str], width: int) -> list[list[str]]:
    """The rows, the head first, with as few columns of `spare` left out as make them fit; whole where none do."""
    for count in range(len(spare) + 1):
        kept = [at for at, name in enumerate(rows[0]) if name not in spare[:count]]
        narrower = [[row[at] for at in kept] for row in rows]
        if _width(narrower) <= width:
            return narrower
    return rows


def _width(rows: Sequence[Sequence[str]], most: int = sys.maxsize) -> int:
    """What the rows take side by side, if no column but the first takes more than `most`."""
    from rich.cells import cell_len

    first, *others = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    widths = [first, *(min(most, width) for width in others)]
    return sum(widths) + GAP * (len(widths) - 1)


def _hanging(line: str, console: Console) -> list[str]:
    """The line in as many as it takes; those after the first begin where its last column does, as far as that leaves
    half of the width."""
    from rich.text import Text

    if Text(line).cell_len < console.width:
        return [line]
    columns = [found.end() for found in _COLUMN.finditer(line) if found.end() <= console.width // 2]
    indent = columns[-1] if columns else 0
    width = max(1, console.width - 1 - indent)
    first, *rest = textwrap.wrap(line[indent:], width, break_long_words=False, break_on_hyphens=False) or [""]
    return [line[:indent] + first, *(" " * indent + part for part in rest)]

"""What every verb prints with: one JSON document on stdout, diagnostics as compilers show them, progress on stderr."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Iterable
from typing import Any

from tfinfra.errors import Diagnostic, Position, Severity, TfinfraError
from tfinfra.model import to_json

_COLORS = {Severity.ERROR: "31;1", Severity.WARNING: "33;1", Severity.NOTICE: "36;1"}
_WIDTH = 160


def print_document(document: Any) -> None:
    """The one JSON document of a verb's `--json`, on stdout; dataclasses are turned into objects. A reader that has
    gone changes nothing of what the verb has done and says by its exit code."""
    try:
        print(json.dumps(to_json(document), indent=2, ensure_ascii=False), flush=True)
    except BrokenPipeError:
        drop_stdout()


def drop_stdout() -> None:
    """For a reader of stdout that has gone: Python must not complain about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def reader_has_gone() -> bool:
    """Whether stdout is a pipe that nobody reads any more."""
    looked = select.poll()
    looked.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in looked.poll(0))


def progress(line: str) -> None:
    """One line for a person, on stderr."""
    print(line, file=sys.stderr, flush=True)


def wants_color() -> bool:
    """Colour only on a terminal, and never where NO_COLOR is set (no-color.org)."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """All of them on stderr, with a blank line between two."""
    text = render_diagnostics(diagnostics, wants_color())
    if text:
        progress(text)


def render_diagnostics(diagnostics: Iterable[Diagnostic], color: bool) -> str:
    """The diagnostics as manifest.md's "Errors" shows them, in the order given."""
    return "\n\n".join(_render(d, color) for d in diagnostics)


def error_document(error: TfinfraError) -> dict[str, Any]:
    """What `--json` prints where a verb fails."""
    return {
        "error": error.message,
        "exit_code": error.exit_code,
        "hint": error.hint,
        "diagnostics": to_json(error.diagnostics),
    }


def print_error(error: TfinfraError) -> None:
    """An error on stderr: its diagnostics where it has any, else its sentence and hint."""
    if error.diagnostics:
        print_diagnostics(error.diagnostics)
        return
    progress(f"{_paint('error:', _COLORS[Severity.ERROR], wants_color())} {error.message}")
    if error.hint:
        progress(f"  hint: {error.hint}")


def _render(diagnostic: Diagnostic, color: bool) -> str:
    kind = f"{diagnostic.severity.value}[{diagnostic.code}]"
    head = f"{_paint(kind, _COLORS[diagnostic.severity], color)}: {printable(diagnostic.message)}"
    if diagnostic.position is not None:
        return "\n".join([head, *_excerpt(diagnostic.position, diagnostic.hint, _COLORS[diagnostic.severity], color)])
    lines = [head]
    if diagnostic.path:
        lines.append(f"  --> argument {printable(diagnostic.path)}")
    if diagnostic.hint:
        lines.append(f"  hint: {printable(diagnostic.hint)}")
    return "\n".join(lines)


def _excerpt(position: Position, hint: str | None, paint: str, color: bool) -> list[str]:
    gutter = " " * len(str(position.line))
    where = f"{gutter} --> {printable(position.file)}:{position.line}:{position.column}"
    if position.text is None:
        return [where, *([f"{gutter} hint: {printable(hint)}"] if hint else [])]
    text, column = _window(position)
    length = max(1, min(position.length, len(text) - column + 1))
    marks = _paint("^" * length, paint, color)
    under = f"{gutter} | {' ' * (column - 1)}{marks}{' ' + printable(hint) if hint else ''}"
    return [where, f"{gutter} |", f"{position.line} | {text}", under]


def _window(position: Position) -> tuple[str, int]:
    """The source line, cut around the column where it is very long; tabs and control characters become one space."""
    text = printable((position.text or "").replace("\t", " "))
    start = max(0, position.column - 1 - _WIDTH // 2) if len(text) > _WIDTH else 0
    return text[start : start + _WIDTH].rstrip(), position.column - start


def printable(text: str) -> str:
    """`text` without characters that a terminal would obey; line ends stay."""
    return "".join(c if c == "\n" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _paint(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text

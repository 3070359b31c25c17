"""What every verb prints with: one JSON document on stdout, diagnostics as compilers show them, progress on stderr.
What is printed may quote a node, a store or a cloud: all of it is cleaned here."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from tfinfra.cli.tables import show_lines
from tfinfra.cli.verbosity import Verbosity, tells, verbosity
from tfinfra.documents.heading import headed
from tfinfra.documents.moments import dated
from tfinfra.errors import Diagnostic, Position, Severity, TfinfraError, in_one_line
from tfinfra.model import to_json
from tfinfra.system.clock import iso_time
from tfinfra.system.process.interruption import held
from tfinfra.system.process.streams import StdoutLost
from tfinfra.text.cleaning import clean, defused_json, one_for_one

if TYPE_CHECKING:
    from tfinfra.lifecycle.watch.log_reader import LogLine

_COLORS = {Severity.ERROR: "31;1", Severity.WARNING: "33;1", Severity.NOTICE: "36;1"}
_WIDTH = 160


def print_document(name: str, body: Any) -> None:
    """The one JSON document of a verb's `--json`, on stdout, under its name and version; `body` is a mapping or a
    dataclass, with moments as Unix seconds."""
    print_json(headed(name, dated(name, to_json(body))))


def print_json(value: Any) -> None:
    """What is JSON and no document of ours, such as a schema; dataclasses are turned into objects. It is UTF-8, or
    ASCII where stdout has another encoding. Where stdout takes nothing the verb goes on: `unprinted` says so at its
    end."""
    with held():
        _this_verb.printed = True
        ascii_only = not (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf8")
        try:
            print(defused_json(json.dumps(to_json(value), indent=2, ensure_ascii=ascii_only)), flush=True)
        except (OSError, ValueError) as error:
            _this_verb.unprinted = error


def print_format(text: str) -> None:
    """A format (docs/background/formats.md) on stdout, as `print_document` prints. Where stdout is not UTF-8, other
    characters are entities: XML and Markdown know them, and the JSON here has none."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    with held():
        try:
            print(text.encode(encoding, "xmlcharrefreplace").decode(encoding), end="", flush=True)
        except (OSError, ValueError) as error:
            _this_verb.unprinted = error


class _Verb:
    """What became of the document of the verb that runs."""

    printed = False
    unprinted: Exception | None = None


_this_verb = _Verb()


def begin_verb() -> None:
    """Another verb begins in this process: it has a document of its own."""
    _this_verb.printed, _this_verb.unprinted = False, None


def document_printed() -> bool:
    """Whether this verb has printed its document, or tried to."""
    return _this_verb.printed


def unprinted() -> Exception | None:
    """Why the document is not on stdout, None where it is, or where nobody reads it any more."""
    lost = _this_verb.unprinted
    return None if reader_has_gone(lost) else lost


def reader_has_gone(error: BaseException | None) -> bool:
    """Whether an error of stdout's is that its reader has seen enough (`| head`)."""
    return isinstance(error, BrokenPipeError) or (isinstance(error, StdoutLost) and error.reader_has_gone)


def show(*lines: str, whole: bool = False) -> None:
    """Lines for a person, on stdout, as its width takes them; each as it is where they are to be `whole`."""
    show_lines(lines, whole=whole)


def show_log(line: LogLine, *, raw: bool = False, named: bool = False, timed: bool = False) -> None:
    """A line of a task's log on stdout, with its colours on a terminal and, but in a file that holds one task's alone
    (not `named`), its task in front; `timed`: also its time. `raw`: as it stands, but for these."""
    from tfinfra.lifecycle.watch.plain_view import is_file, prefixed

    time = f"{_log_time(line.time)} " if timed else ""
    if raw:
        print(time + (f"{line.task} | {line.text}" if named else line.text), flush=True)
        return
    text = clean(line.text, color=wants_color(sys.stdout))
    rows = [text] if is_file(sys.stdout) and not named else prefixed(line.task, text)
    print("\n".join(time + row for row in rows), flush=True)


def show_output(line: LogLine) -> None:
    """A line that a command on a node has printed, with nothing in front of it: cleaned for a terminal, as it stands
    for another program or a file."""
    stdout = sys.stdout
    print(clean(line.text, color=wants_color(stdout)) if stdout.isatty() else line.text, flush=True)


def _log_time(time: float | None) -> str:
    """ "2026-11-24T10:00:00.4Z"; as many dashes where the time is not known."""
    if time is None:
        return "-" * len("2026-11-24T10:00:00.4Z")
    return f"{iso_time(time)[:-1]}.{int(time * 10) % 10}Z"


def progress(line: str) -> None:
    """One line of what is under way, on stderr; with --quiet only where it is a warning."""
    if tells(verbosity(), line):
        result_line(line)


def result_line(line: str) -> None:
    """One line of how a verb ended, on stderr, also with --quiet."""
    _tell(clean(line))


def _tell(text: str) -> None:
    _teller[-1](text)


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


_teller: list[Callable[[str], None]] = [_to_stderr]


@contextmanager
def told_by(teller: Callable[[str], None]) -> Iterator[None]:
    """Has all that goes to stderr told by `teller` inside the block: rows are drawn on the terminal meanwhile."""
    _teller.append(teller)
    try:
        yield
    finally:
        _teller.remove(teller)


def wants_color(stream: TextIO | None = None) -> bool:
    """Colour only on a terminal (None: stderr), and never where NO_COLOR is set (no-color.org)."""
    return (stream or sys.stderr).isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """All of them on stderr, with a blank line between two; with --quiet no notices."""
    if verbosity() is Verbosity.QUIET:
        diagnostics = [each for each in diagnostics if each.severity is not Severity.NOTICE]
    text = render_diagnostics(diagnostics, wants_color())
    if text:
        _tell(text)


def render_diagnostics(diagnostics: Iterable[Diagnostic], color: bool) -> str:
    """The diagnostics as manifest.md's "Errors" shows them, in the order given."""
    return "\n\n".join(_render(d, color) for d in diagnostics)


def error_document(error: TfinfraError) -> dict[str, Any]:
    """What the document "error" holds, which `--json` prints where a verb fails."""
    return {
        "error": error.message,
        "exit_code": error.exit_code,
        "hint": error.hint,
        "diagnostics": to_json(error.diagnostics),
        **error.details,
    }


def print_error(error: TfinfraError) -> None:
    """An error on stderr: its diagnostics where it has any, else its sentence and hint."""
    if error.diagnostics:
        print_diagnostics(error.diagnostics)
        return
    _tell(f"{_paint('error:', _COLORS[Severity.ERROR], wants_color())} {clean(error.message)}")
    if error.hint:
        result_line(f"  hint: {error.hint}")


def _render(diagnostic: Diagnostic, color: bool) -> str:
    kind = f"{diagnostic.severity.value}[{diagnostic.code}]"
    head = f"{_paint(kind, _COLORS[diagnostic.severity], color)}: {clean(diagnostic.message)}"
    if diagnostic.position is not None:
        return "\n".join([head, *_excerpt(diagnostic.position, diagnostic.hint, _COLORS[diagnostic.severity], color)])
    lines = [head]
    if diagnostic.path:
        lines.append(f"  --> argument {clean(diagnostic.path)}")
    if diagnostic.hint:
        lines.append(f"  hint: {clean(diagnostic.hint)}")
    return "\n".join(lines)


def _excerpt(position: Position, hint: str | None, paint: str, color: bool) -> list[str]:
    gutter = " " * len(str(position.line))
    where = f"{gutter} --> {clean(in_one_line(position.file))}:{position.line}:{position.column}"
    if position.text is None:
        return [where, *([f"{gutter} hint: {clean(hint)}"] if hint else [])]
    # The source line, cut around the column where it is very long; tabs and control characters become one space
    text, column = one_for_one(position.text.replace("\t", " ")), position.column
    start = max(0, column - 1 - _WIDTH // 2) if len(text) > _WIDTH else 0
    text, column = text[start : start + _WIDTH].rstrip(), column - start
    length = max(1, min(position.length, len(text) - column + 1))
    marks = _paint("^" * length, paint, color)
    under = f"{gutter} | {' ' * (column - 1)}{marks}{' ' + clean(hint) if hint else ''}"
    return [where, f"{gutter} |", f"{position.line} | {text}", under]


def _paint(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text

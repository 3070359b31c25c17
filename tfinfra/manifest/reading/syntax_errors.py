"""What a person has done where a YAML parser gave up: told at its own place, with the way out. The parser names the
place where it noticed, which is often a line later."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.reading.source_text import SourceText
from tfinfra.manifest.reading.tree import NO_ALIAS
from tfinfra.manifest.words.odd_characters import named, plain

_YAMLS_OWN = ("", ":", "'", '"', "-")
_QUOTE = re.compile(r"^\s*(?:- |[\w.-]+:)[^'\"#]*?[\s\[{,](?P<quote>['\"])")
_CLOSES = {"[": "]", "{": "}"}
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")
_BEFORE_KEY = re.compile(r"^\s*(?:- +)*")
_ONE_COLUMN = "keys of one level begin in the same column"
_IN_QUOTES = "put the whole text in quotes"


@dataclass(frozen=True)
class _Fault:
    """Where the parser stopped (`line` and `column`, 0-based), what it says (`problem`), and what it was reading since
    `begun` (`context`)."""

    source: SourceText
    line: int
    column: int
    problem: str
    context: str
    begun: tuple[int, int] | None

    def text(self, line: int) -> str:
        lines = self.source.lines
        return lines[line] if 0 <= line < len(lines) else ""

    def above(self) -> int:
        """The line above that has text."""
        return next((at for at in range(self.line - 1, -1, -1) if _without_comment(self.text(at)).strip()), -1)

    def at(self, line: int, column: int) -> Position:
        return self.source.at(line, column)


_Told = tuple[str, str, Position, str]
"""Code, message, place and hint of a diagnostic."""


def syntax_error(error: Any, source: SourceText) -> Diagnostic:
    """The one diagnostic of a yaml.YAMLError."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    begun = getattr(error, "context_mark", None)
    fault = _Fault(
        source,
        mark.line if mark else 0,
        mark.column if mark else 0,
        getattr(error, "problem", None) or "cannot be read",
        getattr(error, "context", None) or "",
        (begun.line, begun.column) if begun else None,
    )
    code, message, position, hint = next(told for look in _LOOKS if (told := look(fault)))
    return Diagnostic(code, Severity.ERROR, message, "", position, hint)


def _tab(fault: _Fault) -> _Told | None:
    for near in (fault.line, fault.line - 1):
        text = fault.text(near)
        tab = text.find("\t", 0, len(text) - len(text.lstrip()))
        if tab >= 0:
            return "TFI106", "a tab in the indentation", fault.at(near, tab), "YAML indents with spaces only"
    return None


def _alias(fault: _Fault) -> _Told | None:
    if "alias" not in fault.problem:
        return None
    return "TFI113", f"no anchor has this name: {fault.problem}", fault.at(fault.line, fault.column), NO_ALIAS


def _odd(fault: _Fault) -> _Told | None:
    """A ':' or a quote of a word processor, or a blank that is no space, is none to YAML."""
    for near in (fault.line - 1, fault.line):
        text = fault.text(near)
        column = next((i for i, one in enumerate(text) if not one.isascii() and plain(one) in _YAMLS_OWN), None)
        if column is not None:
            what = f"{named(text[column])} means nothing to YAML"
            hint = f"write {plain(text[column]) or 'a space'} in its place"
            return "TFI105", what, fault.at(near, column), hint
    return None


def _quote(fault: _Fault) -> _Told | None:
    if fault.begun is None or "quoted scalar" not in fault.context:
        return None
    if "escape" in fault.problem:
        what = "in double quotes a '\\' begins a character's code, and this is none"
        return "TFI105", what, fault.at(fault.line, fault.column), "write single quotes, in which it is itself"
    return "TFI105", "a quote is not closed", fault.at(*fault.begun), "close it on its line"


def _colon_without_space(fault: _Fault) -> _Told | None:
    for near in (fault.line - 1, fault.line):
        if found := re.match(r"\s*[\w-]+:(?=[^\s/])", fault.text(near)):
            return "TFI105", "a space is missing after the ':'", fault.at(near, found.end() - 1), "write `key: value`"
    return None


def _open_quote(fault: _Fault) -> _Told | None:
    opened = _first_open(fault.source.lines[: fault.line + 1])
    return ("TFI105", "a quote is not closed", fault.at(*opened), "close it on its line") if opened else None


def _first_open(lines: Sequence[str]) -> tuple[int, int] | None:
    """Where a quote begins that is not closed on its line, the first of them; 0-based."""
    for number, text in enumerate(lines):
        found = _QUOTE.search(text)
        if found and found["quote"] not in text[found.end() :].replace(f"\\{found['quote']}", ""):
            return number, found.end() - 1
    return None


def _bracket(fault: _Fault) -> _Told | None:
    """A list or a mapping in brackets that goes on where its next item or its end should be."""
    if fault.begun is None or not fault.problem.startswith("did not find expected ','"):
        return None
    opening = fault.text(fault.begun[0])[fault.begun[1] : fault.begun[1] + 1]
    closing = _CLOSES.get(opening, "")
    if closing and closing in _QUOTED.sub("", fault.text(fault.line)[fault.column :]):
        return "TFI105", "a ',' is missing before this", fault.at(fault.line, fault.column), "write it between items"
    return "TFI105", f"a '{opening}' is not closed", fault.at(*fault.begun), f"write '{closing}' behind its last item"


def _first_character(fault: _Fault) -> _Told | None:
    """A text that begins with a character which YAML has for itself."""
    first = fault.text(fault.line)[fault.column : fault.column + 1]
    is_first = "cannot start any token" in fault.problem or "expected node content" in fault.problem
    if not is_first or not first:
        return None
    what = f"a text without quotes cannot begin with '{first}'"
    return "TFI105", what, fault.at(fault.line, fault.column), _IN_QUOTES


def _no_colon(fault: _Fault) -> _Told | None:
    """A line that is neither `key: value` nor an item: `node_count = 2`, `-a`, `entry_script train.py`."""
    if "expected ':'" in fault.problem and fault.begun is not None:
        line = fault.begun[0]
    elif "mapping values" in fault.problem and _is_bare(fault.text(fault.above())):
        line = fault.above()
    else:
        return None
    text = fault.text(line)
    start = len(text) - len(text.lstrip())
    if re.match(r"\s*-\w", text):
        return "TFI105", "a space is missing after the '-'", fault.at(line, start), "write `- item`"
    if assigned := re.match(r"\s*([\w-]+)\s*=", text):
        hint = f"write `{assigned[1]}: ` and its value"
        return "TFI105", "this line has '=' where YAML has ':'", fault.at(line, assigned.end() - 1), hint
    return "TFI105", "a ':' is missing on this line", fault.at(line, start), "write `key: value`"


def _is_bare(text: str) -> bool:
    """Whether a line is text alone, neither a key nor an item."""
    return bool(text.strip()) and re.search(r":(\s|$)", _without_comment(text)) is None and not re.match(r"\s*- ", text)


def _item_beside_key(fault: _Fault) -> _Told | None:
    """`packages: - a`."""
    if "block sequence entries" not in fault.problem:
        return None
    hint = "write `- item` on a line of its own, below its key"
    return "TFI105", "an item of a list stands beside its key", fault.at(fault.line, fault.column), hint


def _second_colon(fault: _Fault) -> _Told | None:
    """`note: see: this`, and a key that is indented below a value."""
    if "mapping values" not in fault.problem:
        return None
    before = _QUOTED.sub("", fault.text(fault.line)[: fault.column])
    if re.search(r":\s", before):
        what = "a second ': ' on this line"
        return "TFI105", what, fault.at(fault.line, fault.column), f"{_IN_QUOTES}; a key has a line of its own"
    return _indentation(fault)


def _indentation(fault: _Fault) -> _Told | None:
    text, above = fault.text(fault.line), fault.text(fault.above())
    start, upper = len(text) - len(text.lstrip()), len(above) - len(_BEFORE_KEY.sub("", above))
    deeper = "mapping values" in fault.problem and start > upper
    if not (deeper or ("expected key" in fault.problem and fault.column <= start)):
        return None
    at = fault.at(fault.line, start)
    if text.lstrip().startswith("- "):
        return "TFI105", "an item of a list stands among keys", at, "indent it below its key, as the items above it"
    what = f"this line is indented {'more than' if deeper else 'otherwise than'} those above it"
    return "TFI105", what, at, f"begin it in column {upper + 1}, as line {fault.above() + 1}" if deeper else _ONE_COLUMN


def _too_many(fault: _Fault) -> _Told | None:
    closing = fault.text(fault.line)[fault.column : fault.column + 1]
    if closing not in ("]", "}") or not re.search("expected (key|node content)", fault.problem):
        return None
    return "TFI105", f"a '{closing}' too many", fault.at(fault.line, fault.column), "remove it"


def _after_quotes(fault: _Fault) -> _Told | None:
    """`'x' y`."""
    before = fault.text(fault.line)[: fault.column].rstrip()
    if "expected key" not in fault.problem or before[-1:] not in ("'", '"'):
        return None
    return "TFI105", "a text goes on behind its quotes", fault.at(fault.line, fault.column), _IN_QUOTES


def _anything(fault: _Fault) -> _Told:
    context = f" ({fault.context})" if fault.context else ""
    hint = "look at this line and the one above: indentation, ':' and quotes"
    return "TFI105", f"this is not YAML: {fault.problem}{context}", fault.at(fault.line, fault.column), hint


def _without_comment(text: str) -> str:
    return re.sub(r"(^|\s)#.*", "", text)


_LOOKS: tuple[Callable[[_Fault], _Told | None], ...] = (
    _tab,
    _alias,
    _odd,
    _quote,
    _colon_without_space,
    _open_quote,
    _bracket,
    _too_many,
    _first_character,
    _no_colon,
    _item_beside_key,
    _second_colon,
    _indentation,
    _after_quotes,
    _anything,
)
"""Asked in this order; the last one always answers."""

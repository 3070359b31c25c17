"""The first pass: the bytes of a YAML file → Document. The only place that knows PyYAML.

It reads parser events, which come one at a time, rather than composed nodes: depth, size and alias expansion are then
limits, not a crash of the parser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NoReturn

from tfinfra.errors import Diagnostic, ManifestError, Position, Severity
from tfinfra.manifest.document import Document
from tfinfra.manifest.reading.limits import PAGE, Limits
from tfinfra.manifest.reading.source_text import LINE_END, SourceText
from tfinfra.manifest.reading.tree import NO_ALIAS, TreeBuilder
from tfinfra.manifest.words.odd_characters import named, plain

MOST_BYTES = PAGE.bytes
_YAMLS_OWN = ("", ":", "'", '"', "-")
_QUOTE = re.compile(r"^\s*(?:- |[\w.-]+:)[^'\"#]*?[\s\[{,](?P<quote>['\"])")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""All that YAML takes for no printable character; negated, its pattern takes 4 ms more to compile."""


def read_document(
    data: bytes, file: str, example: str = "entry_script: train.py", limits: Limits = PAGE
) -> tuple[Document, tuple[Diagnostic, ...]]:
    """The one mapping in `data`, and the errors after which it could still be read (duplicate keys). `example` is the
    least that such a file holds, `limits` what it may hold.

    Raises ManifestError with one diagnostic and its line for what is not such a document.
    """
    if len(data) > limits.bytes:
        _fail(
            "TFI102",
            f"the file is larger than {limits.bytes // 1_000_000} MB",
            Position(file, 1, 1),
            "it is meant to be a page of text",
        )
    import yaml

    text = _decode(data, file)
    source = SourceText(file, text)
    builder = TreeBuilder(source, example, limits)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            builder.take(event)
    except yaml.YAMLError as error:
        _syntax_error(error, source)
    return builder.document()


def _decode(data: bytes, file: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        lines = LINE_END.split(before)
        position = Position(file, len(lines), len(lines[-1]) + 1)
        _fail("TFI103", "the file is not UTF-8 text", position, "save it as UTF-8")
    found = _CONTROL.search(text)
    if found:
        lines = LINE_END.split(text[: found.start()])
        position = Position(file, len(lines), len(lines[-1]) + 1)
        _fail(
            "TFI104", f"the control character U+{ord(found.group()):04X} is not allowed in YAML", position, "remove it"
        )
    return text


def _syntax_error(error: Any, source: SourceText) -> NoReturn:
    """The parser's fault as one diagnostic; a tab in the indentation near it is what a person has to know. A quote that
    is not closed and a ':' without its space are told where they are, not where the parser gave up."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    for near in (line, line - 1):
        text = source.lines[near] if 0 <= near < len(source.lines) else ""
        tab = text.find("\t", 0, len(text) - len(text.lstrip()))
        if tab >= 0:
            _fail("TFI106", "a tab in the indentation", source.at(near, tab), "YAML indents with spaces only")
    problem = getattr(error, "problem", None) or "cannot be read"
    if "alias" in problem:
        _fail("TFI113", f"no anchor has this name: {problem}", source.at(line, column), NO_ALIAS)
    for near in (line - 1, line):
        _refuse_odd(near, source)
    begun = getattr(error, "context_mark", None)
    if begun is not None and "quoted scalar" in (error.context or ""):
        _fail("TFI105", "a quote is not closed", source.at(begun.line, begun.column), "close it on its line")
    for near in (line - 1, line):
        text = source.lines[near] if 0 <= near < len(source.lines) else ""
        if found := re.match(r"\s*[\w-]+:(?=[^\s/])", text):
            _fail("TFI105", "a space is missing after the ':'", source.at(near, found.end() - 1), "write `key: value`")
    if (opened := _open_quote(source.lines[: line + 1])) is not None:
        _fail("TFI105", "a quote is not closed", source.at(*opened), "close it on its line")
    context = f" ({error.context})" if getattr(error, "context", None) else ""
    hint = "look at this line and the one above: indentation, ':' and quotes"
    _fail("TFI105", f"this is not YAML: {problem}{context}", source.at(line, column), hint)


def _refuse_odd(line: int, source: SourceText) -> None:
    """A ':' or a quote of a word processor, or a blank that is no space, is none to YAML."""
    text = source.lines[line] if 0 <= line < len(source.lines) else ""
    if text.isascii():
        return
    column = next((i for i, letter in enumerate(text) if not letter.isascii() and plain(letter) in _YAMLS_OWN), None)
    if column is not None:
        what = f"{named(text[column])} means nothing to YAML"
        meant = plain(text[column]) or "a space"
        _fail("TFI105", what, source.at(line, column), f"write {meant} in its place")


def _open_quote(lines: Sequence[str]) -> tuple[int, int] | None:
    """Where a quote begins that is not closed on its line, the first of them; 0-based."""
    for number, text in enumerate(lines):
        found = _QUOTE.search(text)
        if found and found["quote"] not in text[found.end() :].replace(f"\\{found['quote']}", ""):
            return number, found.end() - 1
    return None


def _fail(code: str, message: str, position: Position, hint: str | None) -> NoReturn:
    diagnostic = Diagnostic(code, Severity.ERROR, message, "", position, hint)
    raise ManifestError(message, hint, (diagnostic,))

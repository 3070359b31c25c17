"""The first pass: the bytes of a YAML file → Document. The only place that knows PyYAML.

It reads parser events, which come one at a time, rather than composed nodes: depth, size and alias expansion are then
limits, not a crash of the parser.
"""

from __future__ import annotations

import re
from typing import NoReturn

from tfinfra.errors import Diagnostic, ManifestError, Position, Severity
from tfinfra.manifest.document import Document
from tfinfra.manifest.reading.limits import PAGE, Limits
from tfinfra.manifest.reading.source_text import LINE_END, SourceText
from tfinfra.manifest.reading.syntax_errors import syntax_error
from tfinfra.manifest.reading.tree import TreeBuilder

MOST_BYTES = PAGE.bytes
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
        _refuse(syntax_error(error, source))
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


def _fail(code: str, message: str, position: Position, hint: str | None) -> NoReturn:
    _refuse(Diagnostic(code, Severity.ERROR, message, "", position, hint))


def _refuse(found: Diagnostic) -> NoReturn:
    raise ManifestError(found.message, found.hint, (found,))

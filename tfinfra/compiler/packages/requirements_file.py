"""The lines of a requirements file, as pip reads them (pip's documentation, "Requirements File Format")."""

from __future__ import annotations

import optparse
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, NoReturn

_COMMENT = re.compile(r"(^|\s)#.*$")
_LINE_END = re.compile("\r\n|\r|\n")

WITH_VALUE = (
    *(("--requirement", "-r"), ("--constraint", "-c"), ("--editable", "-e"), ("--index-url", "-i", "--pypi-url")),
    *(("--extra-index-url",), ("--find-links", "-f"), ("--trusted-host",), ("--no-binary",), ("--only-binary",)),
    *(("--hash",), ("--global-option",), ("--config-settings", "-C", "--config-setting"), ("--install-option",)),
    *(("--use-feature",), ("--build-option",), ("--all-releases",), ("--only-final",)),
)
FLAGS = (("--pre",), ("--no-index",), ("--prefer-binary",), ("--require-hashes",), ("--process-dependency-links",))


@dataclass(frozen=True)
class FileLine:
    """A line, with those that continue it: the `number` of the first, the whole `text`, the `requirement` that stands
    before the options, and the values of each option by its long name ("" for a flag). `fault`: why its options cannot
    be read."""

    number: int
    text: str
    requirement: str = ""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fault: str = ""

    def given(self, option: str) -> tuple[str, ...]:
        return self.options.get(option, ())


@lru_cache(maxsize=32)
def read_lines(text: str) -> tuple[FileLine, ...]:
    """All lines that say something: comments and blank lines are left out."""
    return tuple(read_line(whole, number) for number, whole in _joined(text))


def _joined(text: str) -> list[tuple[int, str]]:
    """(number, text) of each line, without comments. A line that ends in a backslash goes on with the next; a comment
    has no next line, and ends one that a backslash left open."""
    found: list[tuple[int, str]] = []
    start, held = 0, ""
    lines = _LINE_END.split(text)
    for number, raw in enumerate(lines, 1):
        start = start if held else number
        is_comment = bool(re.match(r"\s*#", raw))
        goes_on = raw.rstrip(" \t").endswith("\\") and not is_comment
        held += raw.rstrip(" \t")[:-1] + " " if goes_on else raw
        if goes_on and number < len(lines):
            continue
        whole, held = held, ""
        if said := _COMMENT.sub("", whole).strip():
            found.append((start, said))
    return found


def read_line(text: str, number: int = 1) -> FileLine:
    """One line, whose continuations are joined and whose comment is gone. Never raises."""
    words = text.replace("\t", " ").split(" ")
    first = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    requirement = " ".join(filter(None, words[:first]))
    options = " ".join(words[first:])
    try:  # a shell's grammar costs seconds where a file has thousands of hashes
        plain = not any(mark in options for mark in "'\"\\")
        given, rest = _parser().parse_args(options.split() if plain else shlex.split(options))
    except ValueError as error:
        return FileLine(number, text, requirement, fault=str(error))
    if rest:
        return FileLine(number, text, requirement, fault=f"'{rest[0]}' follows an option")
    values = {name: tuple(value) for name, value in vars(given).items() if value}
    return FileLine(number, text, requirement, values)


class _Parser(optparse.OptionParser):
    """pip's own parser of options is of this kind, so that abbreviations and `-rbase.txt` mean the same."""

    def error(self, msg: str) -> NoReturn:
        raise ValueError(msg)

    def exit(self, status: int = 0, msg: str | None = None) -> NoReturn:
        raise ValueError(msg or str(status))


@cache
def _parser() -> _Parser:
    parser = _Parser(add_help_option=False, usage="")
    options: dict[str, Any] = {"action": "append"}
    for names in WITH_VALUE:
        parser.add_option(*names, dest=names[0], **options)
    for names in FLAGS:
        parser.add_option(*names, dest=names[0], action="append_const", const="")
    return parser

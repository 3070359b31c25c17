"""An ignore file as git reads it: its lines, and which of them decides on a name. Source: git's dir.c and its
documentation, "gitignore"."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tfinfra.travel.wildmatch import NEVER, expression, is_literal

MOST_BYTES = 1_000_000
_LONGEST = 4096
"""Bytes of a pattern: no path is longer (PATH_MAX)."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Line:
    """A line that says something. `pattern` is without "!", and without the '/' at its end where it is `for_folders`
    alone; with `by_name` it is matched with the last part of a name. `file` as messages write it."""

    file: str
    number: int
    text: str
    pattern: bytes
    ignores: bool
    for_folders: bool
    by_name: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.number} `{self.text}`"

    @property
    def names_something(self) -> bool:
        """Whether it names something: `!*` and `!data/**` do not."""
        return bool(self.pattern.rpartition(b"/")[2].strip(b"*?"))


@dataclass(frozen=True)
class BadIgnoreFile:
    """An ignore file that does not say what its author means. `number` and `text` are those of a line; 0 and "" where
    all of it is meant."""

    file: str
    number: int
    text: str
    problem: str


def taking_back(name: str) -> str:
    """The line of `.tfinfraignore` beside it that takes a file along, whatever is in its name."""
    spelt = re.sub(r"([*?\[\\])", r"\\\1", name)
    return "!" + (spelt[:-1] + "\\ " if spelt.endswith(" ") else spelt)


def read_bytes(path: Path, *, follow: bool = False) -> bytes | None:
    """The bytes of an ignore file, None where there is none that git would read: it follows no link to one in a work
    tree, and a folder or a pipe is none. Raises OSError where it cannot be read, ValueError where it is too large."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        status = path.stat() if follow else path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return None
        with os.fdopen(os.open(path, flags), "rb") as data:
            found = data.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(found) > MOST_BYTES:
        raise ValueError("it is larger than 1 MB, and it names files, one on a line")
    return found


def lines_of(data: bytes, file: str) -> tuple[Line, ...]:
    """The lines in their order, without those that mean nothing to git."""
    found = []
    for number, raw in enumerate(data.removeprefix(_BOM).split(b"\n"), 1):
        if not raw or raw.startswith(b"#"):
            continue
        written = _without_spaces(raw.removesuffix(b"\r").partition(b"\0")[0])
        pattern = written.removeprefix(b"!")
        for_folders = pattern.endswith(b"/")
        pattern = pattern[:-1] if for_folders else pattern
        if pattern and len(pattern) <= _LONGEST:
            text = written.decode("utf-8", "backslashreplace")
            ignores, by_name = not written.startswith(b"!"), b"/" not in pattern
            found.append(Line(file, number, text, pattern, ignores, for_folders, by_name))
    return tuple(found)


def faults_of(data: bytes, file: str) -> list[BadIgnoreFile]:
    """What is wrong with the text of an ignore file: git compares bytes with names, which are UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or data.count(b"\0") * 3 > len(data):
        return [BadIgnoreFile(file, 0, "", "it is UTF-16, and not UTF-8: no line of it is followed")]
    found = []
    for number, raw in enumerate(data.split(b"\n"), 1):
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            if not raw.startswith(b"#"):
                shown, byte = raw.decode("utf-8", "backslashreplace"), raw[error.start]
                found.append(BadIgnoreFile(file, number, shown, f"it is not UTF-8 (byte 0x{byte:02x})"))
    return found


def _without_spaces(line: bytes) -> bytes:
    """Without the spaces at its end, but for one that a backslash protects."""
    bare = line.rstrip(b" ")
    backslashes = len(bare) - len(bare.rstrip(b"\\"))
    return line[: len(bare) + 1] if backslashes % 2 and len(line) > len(bare) else bare


class IgnoreFile:
    """The lines of one file, ready to be asked."""

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self.lines = lines
        by_name = [(i, line) for i, line in enumerate(lines) if line.by_name]
        paths = [(i, line) for i, line in enumerate(lines) if not line.by_name]
        self._of_folders = (_Patterns(by_name, is_path=False), _Patterns(paths, is_path=True))
        self._of_files = tuple(
            _Patterns([(i, line) for i, line in some if not line.for_folders], is_path=is_path)
            for some, is_path in ((by_name, False), (paths, True))
        )

    def decides(self, path: bytes, name: bytes, *, is_folder: bool) -> Line | None:
        """The last line that fits `path`, which is relative to the file's folder and ends in `name`."""
        of_name, of_path = self._of_folders if is_folder else self._of_files
        found = max(of_name.last(name), of_path.last(path))
        return self.lines[found] if found >= 0 else None


class _Patterns:
    """Patterns with their numbers: names, paths and endings in tables, all others in one expression, last one first."""

    def __init__(self, lines: list[tuple[int, Line]], *, is_path: bool) -> None:
        self._literal: dict[bytes, int] = {}
        self._endings: dict[int, dict[bytes, int]] = {}
        self._match: Callable[[bytes], re.Match[bytes] | None] = lambda _: None
        parts: list[bytes] = []
        for number, line in lines:
            pattern = line.pattern.removeprefix(b"/") if is_path else line.pattern
            if is_literal(pattern):
                self._literal[pattern] = number
            elif not is_path and pattern.startswith(b"*") and is_literal(pattern[1:]):
                self._endings.setdefault(len(pattern) - 1, {})[pattern[1:]] = number
            elif (part := expression(pattern, is_path=is_path, label=number)) != NEVER:
                parts.append(b"(?P<n%d>%s)" % (number, part))
        if parts:
            self._match = re.compile(b"|".join(reversed(parts)), re.DOTALL).fullmatch

    def last(self, text: bytes) -> int:
        """The number of the last pattern that fits, -1 where none does."""
        best = self._literal.get(text, -1)
        for length, endings in self._endings.items():
            best = max(best, endings.get(text[len(text) - length :], -1) if length <= len(text) else -1)
        found = self._match(text)
        return max(best, int((found.lastgroup or "n-1")[1:])) if found else best


def could_lead_to(line: Line, folder: bytes) -> bool:
    """Whether a line that takes something back could mean something below `folder`, which is relative to the line's
    file. Only a pattern that begins with a folder's name can: `!.env` searches nothing that stays behind."""
    parts = line.pattern.removeprefix(b"/").split(b"/")
    if line.ignores or line.by_name or parts[0] == b"**":
        return False
    for at, name in enumerate(folder.split(b"/")):
        if at < len(parts) and parts[at] == b"**":
            return True
        if at >= len(parts) - 1 or not re.fullmatch(expression(parts[at], is_path=False), name, re.DOTALL):
            return False
    return True

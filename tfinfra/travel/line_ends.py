"""Which files git writes with the line ends of a machine: of those a digest is over the text with "\\n" alone, so that
a checkout on another machine is no change. Source: git's documentation, "gitattributes"."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tfinfra.travel.ignore_file import IgnoreFile, Line, lines_of, read_bytes
from tfinfra.travel.repository import repository_of

FILE = ".gitattributes"
_BINARY_LOOK = 8000
"""git's buffer_is_binary: a NUL among so many bytes makes a file binary."""


@dataclass(frozen=True)
class _Layer:
    """A file of attributes; `ahead` leads from its folder to the source directory, `inside` the other way."""

    patterns: tuple[tuple[IgnoreFile, str], ...]
    ahead: bytes = b""
    inside: bytes = b""


class LineEnds:
    """The attributes that hold in a source directory, `root`: those of its repository, from the top down."""

    def __init__(self, root: Path, names: frozenset[str]) -> None:
        """`names` are the files that travel: attributes below the root count where they lie."""
        root = Path(os.path.realpath(root))
        self._layers: list[_Layer] = []
        repository = repository_of(root)
        if repository is None:
            return
        self._add(repository.common / "info/attributes", os.fsencode(root.relative_to(repository.root)))
        folders = {name.rpartition("/")[0] for name in names if name.rpartition("/")[2] == FILE}
        for folder in sorted(folders - {""}, key=lambda each: -each.count("/")):
            self._add(root / folder / FILE, inside=os.fsencode(folder) + b"/")
        for above in (root, *root.parents):
            self._add(above / FILE, os.fsencode(root.relative_to(above)))
            if above == repository.root:
                return

    def _add(self, file: Path, ahead: bytes = b"", inside: bytes = b"") -> None:
        try:
            data = read_bytes(file)
        except (OSError, ValueError):  # what git cannot read says nothing
            return
        patterns = tuple(_patterns(data)) if data else ()
        if patterns:
            self._layers.append(_Layer(patterns, b"" if ahead in (b"", b".") else ahead + b"/", inside))

    def unified(self, name: str, data: bytes) -> bytes:
        """The bytes of a file as git keeps them: with "\\n" where it writes a text in a machine's own way."""
        how = self._how(os.fsencode(name)) if self._layers and b"\r\n" in data else ""
        if how == "text" or (how == "auto" and b"\0" not in data[:_BINARY_LOOK]):
            return data.replace(b"\r\n", b"\n")
        return data

    def _how(self, path: bytes) -> str:
        """ "text", "auto" or "": by the nearest file that says anything, the last line of it first."""
        for layer in self._layers:
            if not path.startswith(layer.inside):
                continue
            below = layer.ahead + path[len(layer.inside) :]
            for file, how in reversed(layer.patterns):
                if file.decides(below, below.rpartition(b"/")[2], is_folder=False) is not None:
                    return how
        return ""


def _patterns(data: bytes) -> list[tuple[IgnoreFile, str]]:
    found = []
    for raw in data.split(b"\n"):
        pattern, _, rest = raw.strip().partition(b" ")
        how = _meaning(rest.split())
        if how is not None and pattern and not pattern.startswith((b"#", b"!", b"[attr]")):
            lines: tuple[Line, ...] = lines_of(pattern, FILE)
            found.append((IgnoreFile(lines), how))
    return found


def _meaning(words: list[bytes]) -> str | None:
    """What a line's attributes make of a file's line ends; None where they say nothing of them."""
    how = None
    for word in words:
        if word in (b"text", b"crlf") or (word.startswith(b"eol=") and how is None):
            how = "text"
        elif word in (b"text=auto", b"crlf=auto"):
            how = "auto"
        elif word in (b"-text", b"binary", b"-crlf"):
            how = ""
    return how

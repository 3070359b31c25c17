"""The places that a run's script and its arguments name, outside of the outputs: by the source's own text."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.end.source_modules import source_modules
from tfinfra.text.written_paths import WrittenPath, is_kept, writes_by_name, written_paths


@dataclass(frozen=True)
class SaidLine:
    """Where the script says that it writes a file ("train.py:12"), and what it would have to write instead."""

    line: str
    instead: str


@dataclass(frozen=True)
class WritingLine:
    """A `path` that a file of the source writes at `line`; the script reaches that file, or it merely lies there."""

    path: WrittenPath
    line: str
    is_reached: bool


@dataclass(frozen=True)
class NamedPlaces:
    """`paths` are all absolute paths that are named, `written` those at which the script says that it writes; `lines`
    has each path that it writes, relative ones too, with its line. `patterns` are folders with the end of the name of
    what it writes there, where no more of it is known."""

    paths: tuple[Path, ...]
    written: frozenset[Path]
    lines: tuple[WritingLine, ...]
    patterns: frozenset[tuple[Path, str]] = frozenset()

    def line_of(self, place: str, name: str) -> SaidLine | None:
        """The line that writes the file `name` at `place`: one that the script reaches before any other, then the one
        with the longest path that the file's begins with."""
        path = posixpath.join(place, name)
        fitting = [each for each in self.lines if _fits(each.path, path, name)]
        if not fitting:
            return None
        said = max(fitting, key=lambda each: (each.is_reached, len(each.path.path)))
        return SaidLine(said.line, said.path.instead)


def named_places(assignment: Assignment) -> NamedPlaces:
    source, home = assignment.working_directory(assignment.tasks[0]), assignment.folders.home
    lines, named, written, folders = list[WritingLine](), set[str](), set[str](), set[str]()
    for name, tree, is_reached in source_modules(source, assignment.plan):
        found = written_paths(tree)
        named |= found.named - found.read  # what the script looks for is somebody else's to write
        folders |= set(found.folders)
        for said in found.written:
            if not is_kept(said.path):
                lines.append(WritingLine(said, f"{name}:{said.line}", is_reached))
            written.add(said.path)
    for flag, value in _arguments(assignment.plan.arguments):
        named.add(value)
        if writes_by_name(flag):
            written.add(value)
    named |= set(assignment.plan.environment_variables.values())
    written |= {posixpath.join(folder, path) for folder in folders for path in list(written)}
    where = {text: _absolute(text, home) for text in (*named, *written)}
    paths = {path for path in where.values() if path is not None}
    at = frozenset(path for text in written if (path := where[text]) is not None)
    ends = [pattern for each in lines if (pattern := each.path.pattern)]
    patterns = {(folder, end) for begin, end in ends if (folder := _absolute(begin, home)) is not None}
    return NamedPlaces(tuple(sorted(paths)), at, tuple(lines), frozenset(patterns))


def _arguments(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each value on the command line with the flag that it stands behind, "" for none."""
    flag = ""
    for word in words:
        name, equals, value = word.partition("=")
        if word.startswith("-") and equals:
            yield name, value
        elif word.startswith("-"):
            flag = word
        else:
            yield flag, word


def _absolute(text: str, home: Path) -> Path | None:
    """The path up to where it is known, None for a relative one."""
    text = text.partition("{")[0].partition("%")[0]
    path = posixpath.normpath(text)
    if "\0" in path or not path.startswith(("/", "~/")):
        return None
    return home / path[2:] if path.startswith("~/") else Path(path.replace("//", "/"))


def _fits(said: WrittenPath, path: str, name: str) -> bool:
    """Whether a file may be what `said` wrote: at its path, in its folder, or named after it (model.ckpt-7.index)."""
    known = posixpath.normpath(said.begin or ".")
    begins = said.path.startswith("~/") and path.endswith(known[1:])
    relative = not said.path.startswith(("/", "~/")) and name.startswith(known.lstrip("./"))
    return known != "." and (begins or relative or path.startswith(known))

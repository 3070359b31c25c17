"""The places that a run's script and its arguments name, outside of the outputs: by the source's own text."""

from __future__ import annotations

import ast
import posixpath
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tfinfra.agent.assignment import Assignment
from tfinfra.system.strange_trees import names_below
from tfinfra.text.written_paths import WrittenPath, is_kept, writes_by_name, written_paths

_MOST_MODULES, _MOST_BYTES = 200, 2_000_000


@dataclass(frozen=True)
class SaidLine:
    """Where the script says that it writes a file ("train.py:12"), and what it would have to write instead."""

    line: str
    instead: str


@dataclass(frozen=True)
class NamedPlaces:
    """`paths` are all absolute paths that are named, `written` those at which the script says that it writes; `lines`
    has each path that it writes, relative ones too, with its line. `patterns` are folders with the end of the name of
    what it writes there, where no more of it is known."""

    paths: tuple[Path, ...]
    written: frozenset[Path]
    lines: tuple[tuple[WrittenPath, str], ...]
    patterns: frozenset[tuple[Path, str]] = frozenset()

    def line_of(self, place: str, name: str) -> SaidLine | None:
        """The line that writes the file `name` at `place`: the one with the longest path that it begins with."""
        path = posixpath.join(place, name)
        fitting = [(said, line) for said, line in self.lines if _fits(said, path, name)]
        if not fitting:
            return None
        said, line = max(fitting, key=lambda each: len(each[0].path))
        return SaidLine(line, said.instead)


def named_places(assignment: Assignment) -> NamedPlaces:
    source, home = assignment.working_directory(assignment.tasks[0]), assignment.folders.home
    lines, named, written, folders = list[tuple[WrittenPath, str]](), set[str](), set[str](), set[str]()
    for name, tree in _modules(source):
        found = written_paths(tree)
        named |= found.named - found.read  # what the script looks for is somebody else's to write
        folders |= set(found.folders)
        for said in found.written:
            if not is_kept(said.path):
                lines.append((said, f"{name}:{said.line}"))
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
    ends = [pattern for path, _ in lines if (pattern := path.pattern)]
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


def _modules(source: Path) -> Iterator[tuple[str, ast.Module]]:
    names = sorted(name for name in names_below(source) if name.endswith(".py"))
    for name in islice(names, _MOST_MODULES):
        path = source / name
        try:
            if path.stat().st_size > _MOST_BYTES:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a script's invalid escapes are its own affair
                tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        yield name, tree


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

"""The requirements and environment files that a manifest names, with all that these name by `-r` and `-c`."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tfinfra.compiler.packages.conda_file import read_conda_file
from tfinfra.compiler.packages.requirements_file import FileLine, read_line, read_lines
from tfinfra.compiler.packages.text_files import decoded
from tfinfra.compiler.project import OddBytes

MOST_FILES = 100
"""A chain of files that is longer is no requirement of anybody's."""


@dataclass(frozen=True)
class NamedFiles:
    """The requirements file and the conda environment file that a manifest names, "" for none."""

    pip: str = ""
    conda: str = ""


@dataclass(frozen=True)
class PackageFiles:
    """{path relative to source_directory: text}, and what is odd about the bytes of each."""

    texts: dict[str, str] = field(default_factory=dict)
    odd_bytes: dict[str, OddBytes] = field(default_factory=dict)


def nested_file(file: str, named: str) -> str:
    """The path, relative to source_directory, of what a line of `file` names: relative to that file, as pip has it."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), named))


def is_url(named: str) -> bool:
    return "://" in named or named.lower().startswith("file:")


def nested_names(line: FileLine) -> Iterator[str]:
    """The files that a line names."""
    yield from (name for name in (*line.given("--requirement"), *line.given("--constraint")) if not is_url(name))


def read_package_files(named: NamedFiles, read: Callable[[str], bytes | None]) -> PackageFiles:
    """Reads both files and those that they name, each once. `read` gives the bytes of a path, None where it
    cannot be read."""
    found = PackageFiles()
    waiting = [name for name in dict.fromkeys((named.conda, named.pip)) if name]
    known = set(waiting)
    while waiting and len(known) <= MOST_FILES:
        name = waiting.pop()
        data = read(name)
        if data is None:
            continue
        text, odd = decoded(data)
        if odd:
            found.odd_bytes[name] = odd
        if odd and odd.is_error:
            continue
        found.texts[name] = text
        if name == named.conda:
            lines = [read_line(text) for _, text in read_conda_file(text, name).pip]
        else:
            lines = list(read_lines(text))
        more = [nested_file(name, one) for line in lines for one in nested_names(line)]
        fresh = [one for one in dict.fromkeys(more) if one not in known]
        known.update(fresh)
        waiting += fresh
    return found

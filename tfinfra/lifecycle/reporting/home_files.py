"""What lies beside a run's outputs, as far as a page shows it. A script and a node have named and filled these files:
none is opened through a link, and of each no more is read than is shown."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from tfinfra.auditing.loosely import mapping, mappings
from tfinfra.evidence import names
from tfinfra.lifecycle.watch.home_points import logged_at_home
from tfinfra.lifecycle.watch.log_reader import lines_in_pieces
from tfinfra.model import Logged, Unfit, parse
from tfinfra.reporting.logs import LAST
from tfinfra.reporting.values import Fact, File, Files, Log
from tfinfra.system.plain_files import open_plain, read_plain
from tfinfra.system.strange_trees import names_below

_TAIL, _LONG_TAIL = 1 << 16, 1 << 20
"""Bytes at the end of a log that are looked at: the more where the fewer have not lines enough."""
_RECORD = 32 << 20
_FIRST, _MOST_FILES = 200, 100_000


class HomeFiles:
    """The files in the folder of a run's outputs; `leader` is the task that comes first."""

    def __init__(self, results: Path, leader: str) -> None:
        self.results = results
        self._leader = leader

    def logged(self, late: Callable[[], bool]) -> Iterator[Logged]:
        """All that was logged and came home, until it is `late`."""
        return logged_at_home(self.results, self._leader, Counter(), late)

    def log(self, task: str) -> Log | None:
        """The last lines of a task's log, None where none came home."""
        file = open_plain(self.results, f"tasks/{task}.log")
        if file is None:
            return None
        with file:
            size = file.seek(0, os.SEEK_END)
            lines = _lines_at_end(task, file, _TAIL)
            if size > _TAIL and len(lines) <= LAST:
                lines = _lines_at_end(task, file, _LONG_TAIL)
        whole = size <= _LONG_TAIL and len(lines) <= LAST
        return Log(task, tuple(lines[-LAST:]), whole)

    def files(self) -> Files:
        """What the run made."""
        first: list[File] = []
        number = size = 0
        for name in (f"{top}/{name}" for top in names.SUBJECTS for name in self._below(top)):
            if number >= _MOST_FILES:
                break
            try:
                status = (self.results / name).stat(follow_symlinks=False)
            except OSError:
                continue
            if not stat.S_ISREG(status.st_mode):
                continue
            number, size = number + 1, size + status.st_size
            if len(first) < _FIRST:
                first.append(File(names.in_json(name), status.st_size))
        return Files(tuple(first), number, size)

    def _below(self, top: str) -> Iterator[str]:
        return iter(()) if (self.results / top).is_symlink() else names_below(self.results / top)

    def evidence(self, name: str) -> bytes | None:
        """A file of audit/."""
        return read_plain(self.results, f"{names.FOLDER}/{name}", _RECORD)

    def bill(self) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
        """What the bill of materials has of the machines, and of the packages."""
        try:
            components = mapping(parse(self.evidence(names.BILL) or b"{}")).get("components")
        except Unfit:
            return (), ()
        machines, packages = dict[Fact, None](), []
        for each in mappings(components):
            fact = Fact(str(each.get("name", "")), str(each.get("version", "")))
            kind = each.get("type")
            if kind == "library":
                packages.append(fact)
            elif kind in ("operating-system", "device", "device-driver", "firmware", "platform"):
                machines[fact] = None
        return tuple(machines), tuple(packages)


def _lines_at_end(task: str, file: BinaryIO, most: int) -> list[str]:
    """The lines in the last `most` bytes of a file; of the first one perhaps the end alone."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - most))
    return [line.text for line in lines_in_pieces(task, [(None, file.read(most))])]

"""A run's folder, read for an audit: no link is followed out of it, no more is read than evidence can be, and what
cannot be read is named. Nothing is written."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.auditing.run_files import LARGEST, MOST, TOO_LARGE, TOO_MUCH, RunFiles, in_run
from tfinfra.evidence import names
from tfinfra.system.file_digest import digest_of
from tfinfra.system.strange_trees import FOLDER, walk

_MOST_FILES = 1_000_000
_BESIDE = (*names.SUBJECTS, *names.LOGS)
_AGENT_LOG = re.compile(rf"{names.NODES}/agent-\d+\.log")
_TRIAL_RECORD = re.compile(rf"{names.TRIALS}/\d+/evidence/[^/]+\.json")
_TIMES = re.compile(r".*\.times")
_PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS = {stat.S_IFLNK: "a link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}


def read_run(folder: Path, shown: str, asked: str | None = None) -> RunFiles:
    """What lies in a run's folder, or in one that is audit/ itself; `shown` is how messages name it, `asked` the run
    that it must be of, None where nothing says which."""
    alone = not (folder / names.FOLDER).exists() and (folder / names.STATEMENT).exists()
    reading = _Reading(folder)
    evidence = dict(reading.contents("" if alone else names.FOLDER))
    digests = {} if alone else reading.digests(_BESIDE)
    logs = sorted(name for name in digests if name.partition("/")[0] in names.LOGS)
    return RunFiles(
        shown=shown,
        evidence=evidence,
        digests=digests,
        odd=reading.odd,
        unread=reading.unread,
        sizes={name: (folder / name).lstat().st_size for name in logs if name.endswith(".log")},
        log_times=reading.named(logs, _TIMES),
        agent_logs=reading.named(logs, _AGENT_LOG),
        trial_records=reading.named(digests, _TRIAL_RECORD),
        beside={} if alone else reading.beside((names.RUN, names.EVENTS)),
        alone=alone,
        asked=asked,
    )


@dataclass
class _Reading:
    """`odd` and `unread` are RunFiles', by names in the run's folder."""

    folder: Path
    odd: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def contents(self, top: str) -> Iterator[tuple[str, bytes]]:
        """(name below `top`, bytes) of each file of the evidence."""
        below = {f"{top}/{name}" if top else name: name for name in self._files(top, in_run(""))}
        for name, data in self._read_all({path: in_run(name) for path, name in below.items()}):
            yield below[name], data

    def digests(self, tops: tuple[str, ...]) -> dict[str, str]:
        """{name: SHA-256} of all plain files in these folders."""
        found = [f"{top}/{name}" for top in tops for name in self._files(top, f"{top}/")]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            pairs = list(zip(found, pool.map(self._digest, found), strict=True))
        return {name: digest for name, digest in pairs if digest is not None}

    def named(self, given: Iterable[str], pattern: re.Pattern[str]) -> dict[str, bytes]:
        """The bytes of those files of the run's folder whose names are of that form."""
        return dict(self._read_all({name: name for name in given if pattern.fullmatch(name)}))

    def _read_all(self, shown: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
        """(name, bytes) of each file in `shown`, which has how messages name it. All are held at once, and whoever made
        the folder may have filled it: the smallest come first, as records are, and the rest is told."""
        left = MOST
        for name in sorted(shown, key=lambda name: (self._size(name), name)):
            if min(self._size(name), LARGEST) > left:
                self.unread[shown[name]] = TOO_MUCH
            elif (data := self._read(name, shown[name])) is not None:
                left -= len(data)
                yield name, data

    def _size(self, name: str) -> int:
        try:
            return (self.folder / name).lstat().st_size
        except OSError:
            return 0

    def beside(self, wanted: tuple[str, ...]) -> dict[str, bytes]:
        """The files of the run's folder itself."""
        there = [name for name in wanted if os.path.lexists(self.folder / name)]
        return {name: data for name in there if (data := self._read(name, name)) is not None}

    def _files(self, top: str, prefix: str) -> Iterator[str]:
        """The names of the plain files below a folder; `prefix` goes before them in messages."""
        try:
            opened = os.open(self.folder / top, FOLDER)
        except FileNotFoundError:
            return
        except OSError as error:
            kind = _kind(self.folder / top)
            known = self.odd if kind is not None and kind != "a folder" else self.unread
            known[prefix.rstrip("/")] = kind if known is self.odd and kind else _why(error)
            return
        try:
            yield from self._walked(opened, top, prefix)
        finally:
            os.close(opened)

    def _walked(self, opened: int, top: str, prefix: str) -> Iterator[str]:
        def tell(name: str, error: OSError) -> None:
            self.unread[f"{prefix}{name}".rstrip("/")] = _why(error)

        for number, (name, is_file) in enumerate(walk(opened, tell=tell)):
            if number >= _MOST_FILES:
                self.unread[prefix.rstrip("/")] = f"it holds more than {_MOST_FILES:,} files"
                return
            if is_file:
                yield name
            else:
                self.odd[f"{prefix}{name}"] = _kind(self.folder / top / name) or "a device"

    def _read(self, name: str, shown: str) -> bytes | None:
        """The bytes of a plain file, None where they cannot be read, which is told."""
        try:
            with os.fdopen(os.open(self.folder / name, _PLAIN), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    self.odd[shown] = _kind(self.folder / name) or "a device"
                    return None
                data = file.read(LARGEST + 1)
        except OSError as error:
            if (self.folder / name).is_symlink():
                self.odd[shown] = _KINDS[stat.S_IFLNK]
            else:
                self.unread[shown] = _why(error)
            return None
        if len(data) > LARGEST:
            self.unread[shown] = TOO_LARGE
            return None
        return data

    def _digest(self, name: str) -> str | None:
        try:
            with os.fdopen(os.open(self.folder / name, _PLAIN), "rb", buffering=0) as file:
                return digest_of(file)
        except OSError as error:
            self.unread[name] = _why(error)
            return None


def _kind(path: Path) -> str | None:
    try:
        return _KINDS.get(stat.S_IFMT(path.lstat().st_mode))
    except OSError:
        return None


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()

"""The walk through a source directory that says which files travel. Names are bytes here, as git has them; methods of
Path raise for some."""

# ruff: noqa: PTH110, PTH114, PTH118
from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from tfinfra.system.strange_trees import DEEPEST
from tfinfra.travel.ignore_file import BadIgnoreFile, IgnoreFile, Line, could_lead_to, faults_of, lines_of, read_bytes
from tfinfra.travel.never_code import BYTECODE, PYTHON, VERSION_CONTROL, by_content, by_name, holds_runs, is_tfinfras
from tfinfra.travel.repository import Repository, repository_at, repository_of
from tfinfra.travel.secret_files import holds_certificates, holds_private_key, named_like_a_secret
from tfinfra.travel.survey import GIT, OURS, OWN, PRIVATE_KEY, SECRET, Obstacle, Reason, SourceFile, Survey

MOST_FILES = 2_000_000
_LOCK = b".lock.yaml"
_CROWD = 1000
"""A folder with more entries holds data: nobody keeps a key there, and reading all beginnings takes a while."""


def survey(root: Path, project: Path | None = None, skipped: frozenset[Path] = frozenset()) -> Survey:
    """What of the folder `root` travels. tfinfra's ignore files count from the manifest's folder on, `project`, or from
    the top of the repository; `skipped` are folders that nobody means, whatever is in them. As version control has
    it, what is no file is not there: sockets, pipes, devices. Never raises for what it finds."""
    return _Walk(_real(root), _real(project or root), frozenset(map(_real, skipped))).go()


def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


@dataclass(frozen=True)
class _Layer:
    """An ignore file with the way to it: a name below the source directory, without its first `cut` bytes and with
    `ahead` before it, is one below the file's folder."""

    file: IgnoreFile
    ahead: bytes = b""
    cut: int = 0

    def decides(self, path: bytes, name: bytes, *, is_folder: bool) -> Line | None:
        return self.file.decides(self.ahead + path[self.cut :], name, is_folder=is_folder)

    def leads_into(self, folder: bytes) -> bool:
        """Whether it may take something back of a folder that stays behind."""
        return any(could_lead_to(line, self.ahead + folder[self.cut :]) for line in self.file.lines)


@dataclass(frozen=True)
class _Tracked:
    """What a repository tracks; `ahead` and `cut` as for an ignore file."""

    repository: Repository
    ahead: bytes = b""
    cut: int = 0

    def has(self, path: bytes) -> bool:
        return self.ahead + path[self.cut :] in self.repository.tracked

    def has_below(self, folder: bytes) -> bool:
        return self.ahead + folder[self.cut :] in self.repository.above


@dataclass(frozen=True)
class _Place:
    """A folder on the walk: its `path` below the source directory, with a '/' at its end, and the ignore files that
    hold there, the nearest one first. `within` is the reason why most of it stays behind, where that is so, and what is
    tracked too where it is `strict`. `is_meant`: an ignore file of tfinfra's takes it back, so that it may be anything;
    `is_insisted_on`: it is, or is in, what is never code, and was taken back."""

    path: bytes
    git: tuple[_Layer, ...] = ()
    own: tuple[_Layer, ...] = ()
    tracked: _Tracked | None = None
    within: Reason | None = None
    strict: bool = False
    is_meant: bool = False
    is_insisted_on: bool = False


class _Walk:
    """One walk through a source directory, and what it has found so far."""

    def __init__(self, root: Path, project: Path, skipped: frozenset[Path]) -> None:
        self._root = root
        self._project = project
        self._skipped = skipped
        self._files: list[SourceFile] = []
        self._left: dict[str, Reason] = {}
        self._obstacles: list[Obstacle] = []
        self._bad: list[BadIgnoreFile] = []
        self._waiting: list[_Place] = []
        self._is_root_user = os.geteuid() == 0
        self._is_crowded = False
        self._holds_runs = False

    def go(self) -> Survey:
        self._waiting = [self._start()]
        while self._waiting and len(self._files) <= MOST_FILES:
            self._look_into(self._waiting.pop())
        if self._waiting:
            self._refuse(b"", f"holds more than {MOST_FILES:,} files that would travel")
        files = tuple(sorted(self._files, key=lambda file: file.name))
        return Survey(
            files,
            MappingProxyType(dict(sorted(self._left.items()))),
            tuple(sorted(self._obstacles, key=lambda found: found.name)),
            tuple(sorted(self._bad, key=lambda found: (found.file, found.number))),
        )

    def _start(self) -> _Place:
        """The source directory, with the ignore files of the folders above it up to the top of its repository."""
        repository = repository_of(self._root)
        git: tuple[_Layer, ...] = ()
        own: tuple[_Layer, ...] = ()
        tracked = None
        above: list[Path] = []
        for folder in reversed(self._root.parents):
            in_repository = repository is not None and folder.is_relative_to(repository.root)
            if in_repository or folder.is_relative_to(self._project):
                above.append(folder)
        if repository is not None:
            git, tracked = self._exclude(repository), _Tracked(repository, self._ahead(repository.root))
        for folder in above:
            shown = os.path.relpath(folder, self._root)
            if repository is not None and folder.is_relative_to(repository.root):
                git = self._layers(folder / GIT, f"{shown}/{GIT}", self._ahead(folder)) + git
            own = self._layers(folder / OWN, f"{shown}/{OWN}", self._ahead(folder)) + own
        return _Place(b"", git, own, tracked)

    def _ahead(self, folder: Path) -> bytes:
        """The way from a folder above to the source directory."""
        way = os.fsencode(self._root.relative_to(folder))
        return b"" if way == b"." else way + b"/"

    def _exclude(self, repository: Repository, cut: int = 0) -> tuple[_Layer, ...]:
        shown = os.path.relpath(repository.exclude, self._root)
        ahead = b"" if cut else self._ahead(repository.root)
        return self._layers(repository.exclude, shown, ahead, cut, follow=True)

    def _layers(
        self, file: Path, shown: str, ahead: bytes = b"", cut: int = 0, *, follow: bool = False
    ) -> tuple[_Layer, ...]:
        """An ignore file as the one layer that it is, none where there is nothing to follow in it."""
        try:
            data = read_bytes(file, follow=follow)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else None
            self._bad.append(BadIgnoreFile(shown, 0, "", f"it cannot be read: {(why or str(error)).lower()}"))
            return ()
        if data is None:
            return ()
        self._bad += faults_of(data, shown)
        lines = lines_of(data, shown)
        return (_Layer(IgnoreFile(lines), ahead, cut),) if lines else ()

    def _look_into(self, place: _Place) -> None:
        try:
            with os.scandir(os.path.join(os.fsencode(self._root), place.path)) as found:
                entries = list(found)
        except FileNotFoundError:  # gone since the folder above was read
            return
        except OSError as error:
            self._refuse(place.path, f"cannot be read ({(error.strerror or str(error)).lower()})")
            return
        names = {entry.name for entry in entries}
        what = self._what(place, names) if place.path and not place.is_insisted_on else None
        if what is not None and place.is_meant:
            place = replace(place, is_insisted_on=True)
        elif what is not None:
            self._leave(place.path, what)
            if not _may_take_back(place, place.path[:-1]):
                return
            place = replace(place, within=what, strict=True)
        here = self._with_ignore_files(place, names)
        self._is_crowded = len(entries) > _CROWD
        self._holds_runs = bool(place.path) and holds_runs(self._root / os.fsdecode(place.path), names)
        for entry in entries:
            if entry.name not in VERSION_CONTROL:
                self._judge(here, entry)

    def _what(self, place: _Place, names: set[bytes]) -> Reason | None:
        """What a folder is that is no code, by what is in it."""
        folder = self._root / os.fsdecode(place.path)
        if folder in self._skipped or is_tfinfras(folder, names):
            return Reason(OURS)
        found = by_content(names)
        return Reason(found) if found else None

    def _with_ignore_files(self, place: _Place, names: set[bytes]) -> _Place:
        """The folder with the ignore files that are in it; a repository in a repository goes by its own alone."""
        cut, shown, folder = len(place.path), os.fsdecode(place.path), self._root / os.fsdecode(place.path)
        if place.path and b".git" in names and (repository := repository_at(folder)) is not None:
            exclude = self._exclude(repository, cut)
            place = replace(place, git=exclude, tracked=_Tracked(repository, cut=cut))
        if os.fsencode(GIT) in names:
            place = replace(place, git=self._layers(folder / GIT, shown + GIT, cut=cut) + place.git)
        if os.fsencode(OWN) in names:
            place = replace(place, own=self._layers(folder / OWN, shown + OWN, cut=cut) + place.own)
        return place

    def _judge(self, place: _Place, entry: os.DirEntry[bytes]) -> None:
        """Takes an entry along, goes on into it, or leaves it behind."""
        path, is_folder = place.path + entry.name, entry.is_dir(follow_symlinks=False)
        own = _deciding(place.own, path, entry.name, is_folder)
        is_meant = own is not None and not own.ignores and own.names_something
        reason = None if is_meant else self._reason(place, own, path, entry.name, is_folder)
        if reason is not None:
            self._leave(path + b"/" * is_folder, reason)
        if not is_folder:
            if reason is None:
                self._take(entry, path, is_meant=is_meant)
            return
        if path.count(b"/") >= DEEPEST:
            self._refuse(path.partition(b"/")[0] + "/…".encode(), f"holds folders in folders, more than {DEEPEST} deep")
            return
        strict = reason is not None and (reason.line is None or reason.line is own)
        is_tracked = not strict and place.tracked is not None and place.tracked.has_below(path)
        if reason is None or is_tracked or _may_take_back(place, path):
            insisted = place.is_insisted_on or (is_meant and by_name(os.fsdecode(entry.name)) is not None)
            place = replace(place, path=path + b"/", within=reason, strict=strict)
            self._waiting.append(replace(place, is_meant=is_meant, is_insisted_on=insisted))

    def _reason(self, place: _Place, own: Line | None, path: bytes, name: bytes, is_folder: bool) -> Reason | None:
        """Why an entry that no ignore file of tfinfra's takes back by name stays behind."""
        if own is not None and own.ignores:
            return Reason(line=own)
        spelt = os.fsdecode(name)
        what = OURS if self._is_lock(path) or (self._holds_runs and not is_folder) else by_name(spelt)
        if what and (what in (BYTECODE, OURS) or not place.is_insisted_on):
            return Reason(what)
        git = _deciding(place.git, path, name, is_folder)
        is_tracked = not place.strict and place.tracked is not None and place.tracked.has(path)
        ignored = own is None and not is_tracked and git is not None and git.ignores
        is_secret = not ignored and named_like_a_secret(spelt, is_folder=is_folder)
        if is_secret and (is_folder or not holds_certificates(os.path.join(os.fsencode(self._root), path))):
            return Reason(SECRET)
        if own is not None or is_tracked:
            return None
        if place.within is not None:
            return place.within
        return Reason(line=git) if git is not None and git.ignores else None

    def _is_lock(self, path: bytes) -> bool:
        """Whether a file is the lock of a manifest beside it. It is about what travels, and so no part of it."""
        if not path.endswith(_LOCK):
            return False
        stem = os.path.join(os.fsencode(self._root), path.removesuffix(_LOCK))
        return any(os.path.exists(stem + ending) for ending in (b".yaml", b".yml"))

    def _take(self, entry: os.DirEntry[bytes], path: bytes, *, is_meant: bool) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # an editor's temporary file, gone since its folder was read
            return
        except OSError as error:
            self._refuse(path, f"cannot be read ({(error.strerror or str(error)).lower()})")
            return
        if stat.S_ISLNK(status.st_mode):
            self._take_link(path)
        elif stat.S_ISREG(status.st_mode):
            if not self._is_root_user and not os.access(entry.path, os.R_OK):
                self._refuse(path, "cannot be read")
            elif not is_meant and not self._is_crowded and holds_private_key(entry.path, status.st_size):
                self._leave(path, Reason(PRIVATE_KEY))
            else:
                executable = bool(status.st_mode & stat.S_IXUSR)
                self._files.append(SourceFile(os.fsdecode(path), status.st_size, executable, None))

    def _take_link(self, path: bytes) -> None:
        """A link must mean the same on the node as it does here."""
        file = self._root / os.fsdecode(path)
        try:
            given = str(file.readlink())
        except OSError:  # gone
            return
        real = os.path.realpath(file)
        target = os.path.normpath(file.parent / given)
        if os.path.islink(real):
            self._refuse(path, "is a link that leads back to itself")
        elif Path(target).is_relative_to(self._root) and Path(real).is_relative_to(self._root):
            self._files.append(SourceFile(os.fsdecode(path), 0, False, os.path.relpath(target, file.parent)))
        elif os.path.exists(os.path.join(real, "pyvenv.cfg")) or os.path.exists(os.path.join(real, "conda-meta")):
            self._leave(path, Reason(PYTHON))
        else:
            self._refuse(path, f"is a link to '{given}', outside of source_directory")

    def _leave(self, path: bytes, reason: Reason) -> None:
        self._left[os.fsdecode(path)] = reason

    def _refuse(self, path: bytes, why: str) -> None:
        name = os.fsdecode(path).rstrip("/") or "."
        self._obstacles.append(Obstacle(name, why))


def _deciding(layers: tuple[_Layer, ...], path: bytes, name: bytes, is_folder: bool) -> Line | None:
    """The line that decides: that of the nearest file that says anything."""
    for layer in layers:
        if (line := layer.decides(path, name, is_folder=is_folder)) is not None:
            return line
    return None


def _may_take_back(place: _Place, folder: bytes) -> bool:
    return any(layer.leads_into(folder) for layer in place.own)

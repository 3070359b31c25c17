"""Finds what this node's tasks wrote elsewhere than into the outputs.

A task's own working folder is compared with what it was before the start. On a machine of the run's own, what is
new since the tasks' start is taken from /tmp, /var/tmp, the home and every place that the script names; in a home,
names that begin with "." are programs' and not looked at. Of a trial, of which there may be a thousand, only the node's
temporary folder and what the script names are looked at. A machine that is a process shares these with its user: there
only the node's own temporary folder counts, and files of this user at paths that the script says it writes.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from glob import escape
from pathlib import Path

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.end.named_places import NamedPlaces, named_places
from tfinfra.model import Task
from tfinfra.system.strange_trees import names_below

_VISITED = 200_000
"""Names that are looked at in one place."""
_EARLIER = 0.1  # seconds: file systems' clocks run behind
_NOBODYS = ("__pycache__", ".ipynb_checkpoints", "lost+found")
# What the system, Open MPI and TensorFlow leave in a folder for temporary files.
_PROGRAMS = (
    *(
        "tfinfra-*",
        "prte*.*",
        "mpirun.*",
        "ompi.*",
        "pmix*",
        "openmpi-sessions*",
        "systemd-private-*",
        "snap*",
        ".*",
        "dbus-*",
        "ssh-*",
    ),
    *("__autograph_generated_file*", "matplotlib-*", "pymp-*", "hsperfdata_*", "nvidia-mps*", "cloud-init*", "uv-*"),
)
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  looked at, not written to
_SYSTEM = ("/proc", "/sys", "/dev", "/run", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/etc", "/var/log")


@dataclass(frozen=True)
class FoundFile:
    """A file at `path`; `name` is its own below `place`."""

    place: str
    path: Path
    name: str
    size: int
    changed: float


@dataclass
class Finding:
    """What one task left: files, and what is none."""

    files: list[FoundFile] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)


class LeftFinder:
    """Made before the tasks start, on the node that they run on; `find` once they have ended. `named` is what the
    script says of where it writes."""

    def __init__(self, assignment: Assignment, started: float) -> None:
        self._assignment = assignment
        self._since = started - _EARLIER
        self._own_machine = assignment.paths.own_mounts
        self.named: NamedPlaces = named_places(assignment)
        self._known = frozenset(str(path) for path in self.named.paths if os.path.lexists(path))
        self._mounts = _mount_points()
        self._tops = frozenset(_listed(Path("/"))) if self._own_machine else frozenset()
        self._before = {task.name: dict(_stamps(assignment.working_directory(task))) for task in assignment.tasks}

    def find(self, task: Task) -> Finding:
        """What a task left. What tasks of one node wrote beside their working folders counts as the first one's."""
        found = Finding()
        self._in_working_folder(task, found)
        if task == self._assignment.tasks[0]:
            for path in self._places():
                self._at(path, found)
        return found

    def _in_working_folder(self, task: Task, found: Finding) -> None:
        """What is not as it was before the start."""
        work, stamps = self._assignment.working_directory(task), self._before[task.name]
        for name in names_below(work, lambda folder: folder not in _NOBODYS):
            with suppress(OSError):  # a name that is too long, a file that is gone
                here, before = os.lstat(f"{work}/{name}"), stamps.get(name)  # of 100,000 names Path takes as long again
                if before == (here.st_size, here.st_mtime_ns) or (before and not stat.S_ISREG(here.st_mode)):
                    continue
                if name not in ("outputs", "logs"):
                    _note(found, "", work / name, name, here)

    def _places(self) -> list[Path]:
        """The folders and files beside the working folders that are looked at, none of them within another."""
        folders, paths, named = self._assignment.folders, self._assignment.paths, self.named
        if self._own_machine:
            places = [folders.temporary, *named.paths, *_beginning(named.written)]
            if not paths.trial:
                new = [Path("/", name) for name in _listed(Path("/")) if name not in self._tops]
                places += [*_TEMPORARY, folders.home, *new]
        elif self._assignment.node == 0:  # nodes that are processes of one machine would all find the same
            own = [path for path in named.paths if path in named.written or str(path) not in self._known]
            beside = (*_beginning(named.written), *_fitting(named.patterns))
            places = [path for path in (*own, *beside) if not self._holds_all(path)]
            places.insert(0, folders.temporary)
        else:
            places = [folders.temporary]
        closed = (*map(Path, _SYSTEM), *self._of_the_run())
        allowed = [p for p in places if p != Path("/") and not any(_within(p, top) for top in closed)]
        within = frozenset(allowed)
        outer = [p for p in dict.fromkeys(allowed) if within.isdisjoint(p.parents)]
        tasks = {task.name for task in self._assignment.tasks}
        return [*outer, *(paths.work / name for name in _listed(paths.work) if name not in tasks)]

    def _of_the_run(self) -> tuple[Path, ...]:
        """What tfinfra itself keeps on a node."""
        folders, paths = self._assignment.folders, self._assignment.paths
        return paths.state, paths.bundle, folders.shared, folders.environment

    def _holds_all(self, path: Path) -> bool:
        """Whether a place of this user's machine is one that everything is in, whatever the script says that it writes:
        of `f"/tmp/{name}"` nothing but the folder is known. WrittenPath.is_anybodys says so before the run."""
        folders = (*_TEMPORARY, self._assignment.folders.home, self._assignment.paths.root, *_homes())
        return any(_within(one, path) for one in folders)

    def _at(self, place: Path, found: Finding) -> None:
        """Everything at `place` that is new since the start, and this user's."""
        home = place == self._assignment.folders.home
        temporary = place in (*_TEMPORARY, self._assignment.folders.temporary)
        mounted = [one for one in self._mounts if _within(one, place) and one != place]
        closed = [*mounted, *(one for one in self._of_the_run() if not _within(place, one))]
        top = _lstat(place)
        names: Iterator[str] = iter([""])
        if top is not None and stat.S_ISDIR(top.st_mode):
            names = names_below(place, lambda folder: folder not in _NOBODYS)
        for passed, name in enumerate(names):
            if passed >= _VISITED:
                found.odd.append(f"{place} has too many files to look at all of them")
                return
            first, _, below = name.partition("/")
            path = place / name if name else place
            if (home and first.startswith(".")) or (temporary and any(fnmatch(first, one) for one in _PROGRAMS)):
                continue
            if any(_within(path, one) for one in closed):
                continue
            if (here := _lstat(path)) and here.st_ctime >= self._since and here.st_uid == os.geteuid():
                where = place.parent if not name else place / first if (home or temporary) and below else place
                _note(found, str(where), path, str(path.relative_to(where)), here)


def _note(found: Finding, place: str, path: Path, name: str, here: os.stat_result) -> None:
    if stat.S_ISREG(here.st_mode):
        found.files.append(FoundFile(place, path, name, here.st_size, here.st_mtime))
        return
    kinds = ((stat.S_ISLNK, "a link"), (stat.S_ISSOCK, "a socket"), (stat.S_ISFIFO, "a pipe"))
    kind = next((text for test, text in kinds if test(here.st_mode)), "a device")
    where = f"{place}/{name}" if place else name
    with suppress(OSError):  # gone
        found.odd.append(f"{where} is {kind}" + (f" to {path.readlink()}" if kind == "a link" else ""))


def _within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _lstat(path: str | Path) -> os.stat_result | None:
    """None of what is not there, or has a name that nothing here can have."""
    try:
        return os.lstat(path)
    except (OSError, ValueError):
        return None


def _stamps(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """(name, (size in bytes, time of the last change in ns)) of everything below a folder."""
    for name in names_below(folder, lambda inner: inner not in _NOBODYS):
        if (found := _lstat(f"{folder}/{name}")) is not None:
            yield name, (found.st_size, found.st_mtime_ns)


def _beginning(written: Iterable[Path]) -> list[Path]:
    """What lies beside the written paths and begins as they do: "/tmp/model.ckpt-7.index" for "/tmp/model.ckpt"."""
    named = [path for path in written if path.name]  # of the root nothing is known
    return [path.parent / name for path in named for name in _listed(path.parent) if name.startswith(path.name)]


def _fitting(patterns: Iterable[tuple[Path, str]]) -> list[Path]:
    """What is named as these patterns say, in the folder itself or where they name a file in each folder of it."""
    found = list[Path]()
    for folder, end in patterns:
        with suppress(OSError, ValueError):
            found += sorted(folder.glob(f"*{escape(end)}"))
    return found


def _homes() -> tuple[Path, ...]:
    """The home of whoever runs this, which is no node's; () of one whom the machine does not know."""
    try:
        return (Path(pwd.getpwuid(os.geteuid()).pw_dir),)
    except KeyError:
        return ()


def _mount_points() -> tuple[Path, ...]:
    """Where other file systems begin: shares, inputs, what a machine of the local cloud has of its host."""
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:  # no Linux
        return ()
    return tuple(Path(line.split()[1].replace("\\040", " ")) for line in lines)


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except (OSError, ValueError):
        return []

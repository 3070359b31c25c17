"""What of the host's file system is not a machine's, though an overlay would show it: homes, folders that are no
system's, and whatever the host keeps from its own users."""

from __future__ import annotations

import os
import pwd
import stat
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from tfinfra.localcloud.machines.interface import Mount
from tfinfra.localcloud.machines.namespaces.node_pythons import libraries, needed
from tfinfra.system.paths import state_folder

# Of a system's folders; what else lies at the top is data, a mount, or another system's.
_SYSTEM = {"bin", "dev", "etc", "gnu", "home", "nix", "opt", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "var"}
_WITH_SECRETS = ("/etc", "/var", "/opt", "/usr/local")
MOST = 200_000
SECONDS = 20.0
"""Machines begin to boot within 60 (supervised_machines.py), and the rest of that takes a few."""
_ACCOUNTS = ("/etc/shadow", "/etc/gshadow")


@dataclass(frozen=True)
class Owned:
    """Whose an empty folder is, and who may enter it."""

    mode: int
    uid: int = 0
    gid: int = 0


def folders(mounts: tuple[Mount, ...] = ()) -> dict[Path, Owned]:
    """The folders that are empty and a machine's own instead, and how each looks from outside. They are what links lead
    to: a mask on a link would lie outside of the machine."""
    found: dict[Path, Owned] = {}
    for entry in os.scandir("/"):
        is_system = entry.name in _SYSTEM or entry.name.startswith("lib")
        if not is_system and entry.is_dir(follow_symlinks=False):
            found[Path(entry.path)] = Owned(0o755)
    found |= {Path(path): how for path, how in look(mounts).private if stat.S_ISDIR(how.mode)}
    # Homes, where people keep their own things: these are never a node's.
    people = (Path(p.pw_dir) for p in pwd.getpwall() if p.pw_uid == 0 or 1000 <= p.pw_uid < 60000)
    homes = {path.resolve() for path in (Path("/home"), Path("/root"), *people) if path.is_dir()}
    for home in (path for path in homes if len(path.parts) > 1):
        if len(home.parts) > 2 or home.name in ("home", "root"):
            found[home] = Owned(0o700)
    found[Path("/home").resolve()] = Owned(0o755)  # for the users that a script makes
    found |= dict.fromkeys((Path("/tmp"), Path("/var/tmp")), Owned(0o1777))  # noqa: S108 - the machine's, not ours
    found[state_folder().resolve()] = Owned(0o755)
    return {path: Owned(stat.S_IMODE(how.mode), how.uid, how.gid) for path, how in found.items()}


def hide_files(root: Path, mounts: tuple[Mount, ...]) -> None:
    """Removes below `root`, an overlay of /, the files that the host's own users may not read; accounts stay, without
    their passwords."""
    kept = {"/etc/sudoers": "root ALL=(ALL:ALL) NOPASSWD: ALL\n"}  # a setup script that says sudo means itself
    for accounts in (path for path in map(Path, _ACCOUNTS) if path.is_file()):
        lines = accounts.read_text(encoding="utf-8", errors="replace").splitlines()
        rows = (line.split(":") for line in lines)
        kept[str(accounts)] = "".join(":".join([row[0], "*", *row[2:]]) + "\n" for row in rows if len(row) > 2)
    strange = [entry.path for entry in os.scandir("/") if entry.is_file(follow_symlinks=False)]
    secret = [path for path, how in look(mounts).private if not stat.S_ISDIR(how.mode)]
    for path in (*strange, *secret):
        hidden = root / path.lstrip("/")
        if not hidden.is_symlink() and hidden.is_file():
            how = hidden.stat()
            hidden.unlink()
            if text := kept.get(path):
                hidden.touch(0o600)
                hidden.write_text(text, encoding="utf-8")
                os.chown(hidden, how.st_uid, how.st_gid)
                hidden.chmod(stat.S_IMODE(how.st_mode))


@dataclass(frozen=True)
class Search:
    """What a search found private, the outermost of each, and sentences about what it has not seen."""

    private: tuple[tuple[str, Owned], ...]
    notes: tuple[str, ...] = ()


@cache
def look(mounts: tuple[Mount, ...]) -> Search:
    """What lies below the system's folders and not every user of the host may read. It is searched once, by the process
    that forks the machines: `MOST` names in each folder, those near the top first, and `SECONDS` in all. What lies
    deeper in so large a tree is hidden unseen, with its parent two levels below the top; but not the Pythons that
    machines with these mounts need."""
    tops = [top for top in _WITH_SECRETS if not Path(top).is_symlink() and Path(top).is_dir()]
    pythons, end, found = needed(mounts), time.monotonic() + SECONDS, []
    for left, top in zip(range(len(tops), 0, -1), tops, strict=True):
        now = time.monotonic()  # what one leaves of its time is for those that follow
        found.append(look_below(top, always_shown(top, pythons), now + (end - now) / left))
    return Search(tuple(p for each in found for p in each.private), tuple(t for each in found for t in each.notes))


def always_shown(top: str, pythons: Iterable[Path]) -> frozenset[Path]:
    """What is not hidden unseen: a Python's whole prefix; where that reaches beyond `top`, its programs and library."""
    beyond = {prefix for prefix in pythons if Path(top).is_relative_to(prefix)}
    return frozenset(pythons) - beyond | {path for p in beyond for path in (p / "bin", *libraries(p))}


def look_below(top: str, shown: Set[Path], until: float, clock: Callable[[], float] = time.monotonic) -> Search:
    """`look` in one folder, until `clock` (seconds) shows `until`. The paths to what is always shown are searched
    first: then what lies beside them can be hidden alone."""
    ways = {str(path) for each in shown for path in (each, *each.parents)}
    kept = set(map(str, shown))
    left, found = MOST, []
    waiting = deque([(top, top)])  # each with the folder that is hidden, or shown, with it unseen
    while waiting and left and clock() < until:
        folder, whole = waiting.popleft()
        is_decided = whole in kept or (whole not in ways and whole.count("/") - top.count("/") >= 2)
        for entry, status in islice(_entries(folder), left):
            left = left - 1 if clock() < until else 0
            is_folder = stat.S_ISDIR(status.st_mode)
            if not status.st_mode & stat.S_IROTH or (is_folder and not status.st_mode & stat.S_IXOTH):
                found.append((entry.path, Owned(status.st_mode, status.st_uid, status.st_gid)))
            elif is_folder:
                put = waiting.appendleft if entry.path in ways else waiting.append
                put((entry.path, whole if is_decided else entry.path))
            if not left:
                waiting.append((folder, whole))
                break
    unseen = sorted({whole for _, whole in waiting})
    hidden, open_ = [path for path in unseen if path not in ways], [path for path in unseen if path in ways]
    notes = [f"hidden, since more lies in {top} than is looked through: {', '.join(hidden)}"] if hidden else []
    notes += [f"shown though not looked through, since a Python needs it: {', '.join(open_)}"] if open_ else []
    return Search((*found, *((path, Owned(stat.S_IFDIR | 0o755)) for path in hidden)), tuple(notes))


def _entries(folder: str) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    """All but links. A log that was rotated meanwhile is gone; a user's FUSE mount, closed to root, is not in an
    overlay."""
    try:
        for entry in os.scandir(folder):
            with suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                if not stat.S_ISLNK(status.st_mode):
                    yield entry, status
    except OSError:
        return

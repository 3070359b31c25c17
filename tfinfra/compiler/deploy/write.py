"""The compiler's only effect: the deploy folder on disk, and how it differs from a plan.

The project may be a stranger's: nothing is written through a link, and only files that an earlier compile wrote are
removed. A list in the folder names those.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tfinfra.errors import UsageError
from tfinfra.system.process.refusals import has_current_folder

LIST = ".tfinfra-files.json"
"""{path: SHA-256} of what a compile wrote into the folder."""

EDITED = ".edited"
"""Where the folder keeps what somebody has changed by hand, and a compile wrote anew."""

_BYTECODE = "__pycache__"
_FOLDERS_OF_HAND, _OF_HAND = {EDITED, ".venv"}, "Pulumi.*.yaml"
"""What whoever runs the program by hand keeps beside it, at the top: copies, its environment, the configuration of
stacks."""

_MOST_COPIES = 1000
_MOST_LISTED = 1_000_000
_LONGEST, _LONGEST_NAME = 1000, 255


@dataclass(frozen=True)
class Written:
    """`replaced` had other content; `removed` were written by an earlier compile; so were `kept`, but they have been
    changed since. Of the replaced ones, those in `edited` had been changed by hand: {path: its copy, which stays}."""

    replaced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    edited: Mapping[str, str] = field(default_factory=dict)


def write_deploy(tree: Mapping[str, str], folder: Path) -> Written:
    """Makes `folder`, deploy/<name>, hold `tree`, and removes what an earlier compile left. Raises UsageError where it
    cannot be written, and for links on the way, before anything is written."""
    with _writing_to(folder):
        refuse_links(folder.parent.parent, [folder.parent.name])
        refuse_links(folder.parent, [folder.name, *(f"{folder.name}/{path}" for path in (*tree, LIST))])
        earlier = _read_list(folder)
        edited = {
            path: _copy_of(folder, path) for path, text in tree.items() if _is_edited(folder, path, text, earlier)
        }
        replaced = _write_files(tree, folder)
        gone = [path for path in sorted(earlier) if path not in tree]
        states = {path: _remove(folder, path, earlier[path]) for path in gone}
        _put(folder / LIST, json.dumps({path: _sha256(text.encode()) for path, text in tree.items()}, indent=1) + "\n")
    return Written(
        tuple(replaced),
        tuple(path for path, state in states.items() if state == "removed"),
        tuple(path for path, state in states.items() if state == "kept"),
        edited,
    )


def said_of(written: Written, folder: Path) -> Iterator[str]:
    """What a person should hear of a deploy folder that was written: what is gone, and where the copies are."""
    for path, copy in written.edited.items():
        replaced = f"{folder / path} was changed by hand, and is replaced by what the manifest says"
        yield f"{replaced}; your version is {folder / copy}"
    for path in written.removed:
        yield f"removed {folder / path}, which an earlier compile wrote"
    for path in written.kept:
        yield f"kept {folder / path}, which an earlier compile wrote and somebody changed"


def _is_edited(folder: Path, path: str, text: str, earlier: Mapping[str, str]) -> bool:
    """Whether a file is neither as an earlier compile wrote it nor as this one will."""
    file = folder / path
    return _is_regular(file) and not _holds(file, text) and _sha256(file.read_bytes()) != earlier.get(path)


def _copy_of(folder: Path, path: str) -> str:
    """Copies a file to where nothing is yet, below EDITED; the copy's path."""
    data = (folder / path).read_bytes()
    names = (f"{EDITED}/{path}" + (f".{number}" if number else "") for number in range(_MOST_COPIES))
    for name in names:
        copy = folder / name
        refuse_links(folder, [name])
        if not os.path.lexists(copy):
            copy.parent.mkdir(parents=True, exist_ok=True)
            _put(copy, data.decode("utf-8", "surrogateescape"))
            return name
        if _is_regular(copy) and copy.read_bytes() == data:
            return name
    raise UsageError(f"{folder / EDITED} is full of copies of {path}", "remove those that nobody needs")


def write_tree(tree: Mapping[str, str], folder: Path) -> None:
    """Writes files into a folder. Raises UsageError where it cannot be written, and for links among them."""
    with _writing_to(folder):
        refuse_links(folder, tree)
        _write_files(tree, folder)


def differences(tree: Mapping[str, str], folder: Path) -> list[str]:
    """One line for each file of the folder that is missing, differs from `tree`, or does not belong to it."""
    lines = []
    for path, text in tree.items():
        file = folder / path
        if not _is_regular(file):
            lines.append(f"{path}: missing")
        elif not _holds(file, text):
            lines.append(f"{path}: differs")
    return lines + [f"{path}: not of this manifest" for path in sorted({*_files_of(folder)} - tree.keys() - {LIST})]


def _files_of(folder: Path) -> Iterator[str]:
    """The files below a deploy folder, but for those that are nobody's or of whoever runs it by hand. A folder that is
    a link counts as one: what the program finds behind it is anybody's."""
    for parent, folders, names in os.walk(folder):
        at_hand = _FOLDERS_OF_HAND if Path(parent) == folder else set()
        folders[:] = [name for name in folders if name not in at_hand]
        for link in (path for path in (Path(parent, name) for name in folders) if path.is_symlink()):
            yield link.relative_to(folder).as_posix()
        folders[:] = [name for name in folders if name != _BYTECODE]
        for path in (Path(parent, name) for name in names):
            if path.is_file() and not (path.parent == folder and path.match(_OF_HAND)):
                yield path.relative_to(folder).as_posix()


def refuse_links(folder: Path, paths: Iterable[str]) -> None:
    """Raises UsageError where a path below `folder`, or a folder on the way to it, is a link, or a file of another
    kind: what is written there would land elsewhere."""
    parts: dict[PurePosixPath, None] = {}  # each path, its folders before it, every one once
    for path in map(PurePosixPath, paths):
        parts |= dict.fromkeys([*reversed([p for p in path.parents if p.name]), path])
    for part in parts:
        file = folder / part
        try:
            mode = file.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        if stat.S_ISLNK(mode):
            message = f"'{file}' is a link to '{file.readlink()}': tfinfra writes through no link"
            raise UsageError(message, "remove the link, or run tfinfra in another folder")
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise UsageError(f"'{file}' is neither a file nor a folder", "remove it, or use another folder")


def require_place(folder: Path) -> None:
    """Raises UsageError where nothing can be written into the folder, or where it cannot be made: found before anything
    is bought whose outputs would have no place."""
    nearest = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not nearest.is_dir():
        raise UsageError(f"cannot write {folder}: '{nearest}' is no folder", "remove it, or use another folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write {folder}: nothing can be made in '{nearest}'", _ELSEWHERE)


_ELSEWHERE = "run tfinfra in a folder that you may write"


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    """Turns the disk's refusals into UsageError, but for that of a full one, which no other folder's rights mend."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(error.errno, error.strerror, str(folder)) from error
        if not has_current_folder():
            raise
        message = f"cannot write {folder}: {(error.strerror or str(error)).lower()}"
        raise UsageError(message, _in_the_way(folder) or _ELSEWHERE) from error


def _in_the_way(folder: Path) -> str | None:
    """What to do about a file that stands where `folder`, or one above it, has to be; None where there is none."""
    nearest = next((path for path in (folder, *folder.parents) if os.path.lexists(path)), None)
    return f"'{nearest}' is no folder: move it away" if nearest and not nearest.is_dir() else None


def _write_files(tree: Mapping[str, str], folder: Path) -> list[str]:
    """Writes what differs; the paths that said something else before."""
    replaced = []
    for path, text in tree.items():
        file = folder / path
        exists = _is_regular(file)
        if exists and _holds(file, text):
            continue
        replaced += [path] if exists else []
        file.parent.mkdir(parents=True, exist_ok=True)
        _put(file, text)
    return replaced


def _put(file: Path, text: str) -> None:
    """Writes by a rename: who reads it meanwhile sees the old file or the new one, and a link that comes in between is
    replaced, not followed."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666), "wb") as out:
        out.write(text.encode("utf-8", "surrogateescape"))
    draft.replace(file)


def _read_list(folder: Path) -> dict[str, str]:
    """The list of an earlier compile, {path: SHA-256}; nothing of what is not such a list, or leads elsewhere."""
    file = folder / LIST
    if not _is_regular(file) or file.lstat().st_size > _MOST_LISTED:
        return {}
    try:
        listed = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return {}
    found = listed.items() if isinstance(listed, dict) else ()
    return {path: str(digest) for path, digest in found if _is_inside(path)}


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    fits = len(path) <= _LONGEST and all(len(os.fsencode(part)) <= _LONGEST_NAME for part in parts)
    return bool(parts) and path.isprintable() and fits and not path.startswith("/") and ".." not in parts


def _remove(folder: Path, path: str, digest: str) -> str:
    """Removes a file that is as an earlier compile wrote it: "removed", "kept" where it is not, "" where it is gone."""
    on_the_way = [folder / part for part in PurePosixPath(path).parents]
    if any(parent.is_symlink() for parent in on_the_way) or not _is_regular(folder / path):
        return ""
    if _sha256((folder / path).read_bytes()) != digest:
        return "kept"
    (folder / path).unlink()
    return "removed"


def _is_regular(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()


def _holds(file: Path, text: str) -> bool:
    data = text.encode()
    return file.lstat().st_size == len(data) and file.read_bytes() == data


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

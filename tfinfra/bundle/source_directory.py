"""Which files of source_directory travel to the nodes: all but what ignore files and the names of secrets keep
here, and what is never code."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tfinfra.bundle.ignored import Ignored
from tfinfra.errors import ManifestError
from tfinfra.system.strange_trees import DEEPEST
from tfinfra.text.wording import first_few

_NEVER = frozenset({".git", "__pycache__"})
_NEVER_AT_TOP = frozenset({"deploy", "runs"})
_NAMED = 5


@dataclass(frozen=True)
class SourceFile:
    """`name` is relative with '/'; `link` the target of a symbolic link, None of a file; `size` in bytes."""

    name: str
    path: Path
    size: int
    executable: bool
    link: str | None


@dataclass(frozen=True)
class Survey:
    """The `files` that travel, sorted by name, and the names that stay behind because they look like `secrets`, those
    of folders with a '/' at their end."""

    files: tuple[SourceFile, ...]
    secrets: tuple[str, ...]


def survey(root: Path) -> Survey:
    """What of `root` travels: all but what ignore files and the names of secrets keep here (ignored.py), version
    control, bytecode, virtual environments, tfinfra's own deploy/ and runs/, and, as version control has it, what is
    no file: sockets, pipes, devices.

    Raises ManifestError for what cannot travel: links that leave the folder, unreadable files. What vanishes meanwhile
    is not there.
    """
    base = root.resolve()
    ignored = Ignored(base)
    files: list[SourceFile] = []
    for name in sorted(_names(base, ignored)):
        path = base / name
        try:
            status = path.lstat()
        except FileNotFoundError:  # an editor's temporary file, gone since its folder was read
            continue
        if stat.S_ISLNK(status.st_mode):
            files.append(SourceFile(name, path, 0, False, _link_target(base, path, name)))
        elif stat.S_ISREG(status.st_mode):
            if not os.access(path, os.R_OK):
                raise _cannot_travel(name, "cannot be read")
            files.append(SourceFile(name, path, status.st_size, bool(status.st_mode & stat.S_IXUSR), None))
    return Survey(tuple(files), tuple(sorted(ignored.secrets)))


def source_files(root: Path) -> tuple[SourceFile, ...]:
    """The files that travel. Raises ManifestError as `survey` does."""
    return survey(root).files


def spell_secrets(names: tuple[str, ...]) -> str:
    """What `plan` and `up` say of the names that stay behind."""
    first = names[0].rstrip("/").rpartition("/")[2]
    return f"{first_few(names, _NAMED)} look like secrets and stay here; `!{first}` in .tfinfraignore would ship it"


def _names(root: Path, ignored: Ignored) -> Iterator[str]:
    """The names of files and links below `root` that are not ignored, in no order."""

    def unreadable(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError) or Path(error.filename) == root:
            raise _cannot_travel(str(error.filename), f"cannot be read ({error.strerror})") from error

    for folder, folders, files in os.walk(root, onerror=unreadable):
        below = Path(folder).relative_to(root)
        if len(below.parts) > DEEPEST:
            raise _cannot_travel(f"{below.parts[0]}/…", f"holds folders in folders, more than {DEEPEST} deep")
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        kept: list[str] = []
        for name in folders:
            path = below / name
            ours = name in _NEVER or path.as_posix() in _NEVER_AT_TOP or (root / path / "pyvenv.cfg").exists()
            if name not in links and not ours and not ignored(f"{path.as_posix()}/"):
                kept.append(name)
        folders[:] = kept  # os.walk goes on with these
        names = ((below / name).as_posix() for name in [*files, *links])
        yield from (name for name in names if not ignored(name))


def _link_target(root: Path, path: Path, name: str) -> str:
    """Relative to the link. A link must mean the same on the node as it does here."""
    target = Path(os.path.normpath(path.parent / path.readlink()))
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _cannot_travel(name, "is a link that leads back to itself") from error
    if not target.is_relative_to(root) or not Path(os.path.realpath(path)).is_relative_to(root):
        raise _cannot_travel(name, f"is a link to '{path.readlink()}', outside of source_directory")
    return os.path.relpath(target, path.parent)


def _cannot_travel(name: str, why: str) -> ManifestError:
    return ManifestError(
        f"source_directory: '{name}' {why}, so it cannot be copied to the nodes",
        hint="name it in .tfinfraignore, or put a copy of what it stands for in its place",
    )

"""Reads what the compiler must know of the source directory: the entry script, its own modules, the requirements."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from tfinfra.compiler.packages.channels import is_missing
from tfinfra.compiler.project import SourceDirectory
from tfinfra.compiler.source.script import imported_modules
from tfinfra.compiler.user_paths import exists, is_file, is_folder, is_kernels, read_bounded, real
from tfinfra.manifest.spelling_hints import did_you_mean, nearest

_MOST_MODULES = 100
_MOST_BYTES = 2_000_000
"""Of one file, and of all modules together: what comes after that is not read."""


def read_source(
    folder: Path,
    shown: str,
    entry: str,
    requirements: tuple[str, ...],
    programs: tuple[str, ...] = (),
    *,
    channels: tuple[str, ...] = (),
    project: Path | None = None,
) -> SourceDirectory:
    """The entry script and the text of the `requirements` files. The `programs`, and those of conda's `channels` that
    are folders, are only looked for. What lies outside of `project` is never quoted: a manifest may be a stranger's,
    and name any folder of this machine.

    Never raises: `problems` says of each file why it cannot be read, and under "<file>?" has a spelling hint.
    """
    root = real(folder)
    if reason := _no_source(root):
        return SourceDirectory(root, shown, exists=False, problems={"": reason})
    problems: dict[str, str] = {}
    foreign = project is not None and not root.is_relative_to(real(project))
    modules = _read_modules(root, entry, problems) if entry else {}
    texts = {name: _read_inside(root, name, problems) for name in requirements}
    files = {name: text for name, text in texts.items() if text is not None}
    for name in programs:
        if (why := _unusable(root, name)) is not None:
            _note(root, name, why, problems)
    for name in channels:
        if is_missing(name, root):
            problems[name] = "there is no such folder"
    if foreign:
        problems = {name: reason for name, reason in problems.items() if not name.endswith("?")}
    return SourceDirectory(root, shown, True, modules, files, problems, foreign)


def _no_source(root: Path) -> str:
    """Why the folder cannot be a source directory, "" where it can."""
    if not exists(root):
        return "it does not exist"
    if not is_folder(root):
        return "it is not a directory"
    return "it is where the kernel shows processes and devices" if is_kernels(root) else ""


def _read_modules(root: Path, entry: str, problems: dict[str, str]) -> dict[str, str]:
    """The entry script and what it imports from the source directory, and so on; path → text."""
    text = _read_inside(root, entry, problems)
    found: dict[str, str] = {} if text is None else {entry: text}
    waiting, left = deque(found), _MOST_BYTES
    while waiting and len(found) < _MOST_MODULES:
        for name in imported_modules(found[waiting.popleft()]):
            path = _module_path(root, (root / entry).parent, name)
            if path is not None and path not in found:
                text = _read_inside(root, path, {})
                if text is not None and len(text) <= left:
                    found[path] = text
                    left -= len(text)
                    waiting.append(path)
    return found


def _module_path(root: Path, beside: Path, name: str) -> str | None:
    relative = Path(*name.split("."))
    for base in dict.fromkeys((beside, root)):
        for candidate in (base / relative.with_suffix(".py"), base / relative / "__init__.py"):
            if is_file(candidate) and real(candidate).is_relative_to(root):
                return real(candidate).relative_to(root).as_posix()
    return None


def _read_inside(root: Path, name: str, problems: dict[str, str]) -> str | None:
    """The text of a file that stays in `root`; None with the reason in `problems`."""
    reason = _unusable(root, name)
    if reason is None:
        try:
            data = read_bounded(root / name, _MOST_BYTES)
            if data is not None:
                return data.decode("utf-8-sig", "replace")
            reason = "it is larger than 2 MB"
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
    _note(root, name, reason, problems)
    return None


def _note(root: Path, name: str, reason: str, problems: dict[str, str]) -> None:
    problems[name] = reason
    near = nearest(name, sorted(path.name for path in root.glob("*") if is_file(path)))
    if near and reason == "it does not exist":
        problems[f"{name}?"] = did_you_mean(near)


def _unusable(root: Path, name: str) -> str | None:
    if "\0" in name or "\n" in name:
        return "it is no file name"
    if Path(name).is_absolute():
        return "it is an absolute path"
    path = real(root / name)
    if not path.is_relative_to(root):
        return "it leaves source_directory"
    if is_folder(path):
        return "it is a directory"
    if exists(path) and (not is_file(path) or is_kernels(path)):
        return "it is no regular file"
    return None if is_file(path) else "it does not exist"

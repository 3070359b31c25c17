"""Reads what the compiler has to know of the source directory: the entry script, its own modules, the requirements."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from tfinfra.compiler.inputs import Source
from tfinfra.compiler.lookups import is_file, is_folder, is_there, real
from tfinfra.compiler.script import imported_modules
from tfinfra.manifest.spelling import did_you_mean, nearest

_MOST_MODULES = 100
_MOST_BYTES = 2_000_000


def read_source(
    folder: Path,
    shown: str,
    entry: str,
    requirements: tuple[str, ...],
    programs: tuple[str, ...] = (),
    *,
    channels: tuple[str, ...] = (),
) -> Source:
    """The entry script, the `requirements` files' text, and whether the `programs` and those of conda's `channels` that
    are folders are there.

    Never raises: what cannot be read stands in the Source's problems, "<file>?" holding a spelling hint.
    """
    root = real(folder)
    if not is_folder(root):
        reason = "it is not a directory" if is_there(root) else "it does not exist"
        return Source(root, shown, exists=False, problems={"": reason})
    problems: dict[str, str] = {}
    modules = _modules(root, entry, problems) if entry else {}
    texts = {name: _read(root, name, problems) for name in requirements}
    files = {name: text for name, text in texts.items() if text is not None}
    for name in programs:
        _note_unusable(root, name, problems)
    for name in channels:
        if not _is_channel(root, name):
            problems[name] = "there is no such folder"
    return Source(root, shown, True, modules, files, problems)


def _modules(root: Path, entry: str, problems: dict[str, str]) -> dict[str, str]:
    """The entry script and what it imports from the source directory, and so on; path → text."""
    text = _read(root, entry, problems)
    found: dict[str, str] = {} if text is None else {entry: text}
    waiting = deque(found)
    while waiting and len(found) < _MOST_MODULES:
        for name in imported_modules(found[waiting.popleft()]):
            path = _module_path(root, (root / entry).parent, name)
            if path is not None and path not in found:
                text = _read(root, path, {})
                if text is not None:
                    found[path] = text
                    waiting.append(path)
    return found


def _module_path(root: Path, beside: Path, name: str) -> str | None:
    relative = Path(*name.split("."))
    for base in dict.fromkeys((beside, root)):
        for candidate in (base / relative.with_suffix(".py"), base / relative / "__init__.py"):
            if is_file(candidate) and real(candidate).is_relative_to(root):
                return real(candidate).relative_to(root).as_posix()
    return None


def _read(root: Path, name: str, problems: dict[str, str]) -> str | None:
    """The text of a file that stays in `root`; None with the reason in `problems`."""
    reason = _unusable(root, name)
    if reason is None:
        try:
            data = (root / name).read_bytes()
            if len(data) <= _MOST_BYTES:
                return data.decode("utf-8-sig", "replace")
            reason = "it is larger than 2 MB"
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
    _note(root, name, reason, problems)
    return None


def _note_unusable(root: Path, name: str, problems: dict[str, str]) -> None:
    reason = _unusable(root, name)
    if reason:
        _note(root, name, reason, problems)


def _note(root: Path, name: str, reason: str, problems: dict[str, str]) -> None:
    problems[name] = reason
    near = nearest(name, sorted(path.name for path in root.glob("*") if is_file(path)))
    if near and reason == "it does not exist":
        problems[f"{name}?"] = did_you_mean(near)


def _is_channel(root: Path, name: str) -> bool:
    """Whether a channel that is a folder is there; of all others only the network knows."""
    from tfinfra.environment.conda import channel_folder

    if "\0" in name:
        return False
    folder = channel_folder(name, root)
    return folder is None or is_folder(folder)


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
    return None if is_file(path) else "it does not exist"

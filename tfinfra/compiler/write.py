"""The compiler's only effect: the deploy folder on disk, and what of it differs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tfinfra.errors import UsageError

_IGNORED = {"__pycache__"}


def write_tree(tree: Mapping[str, str], folder: Path) -> list[str]:
    """Writes the files whose bytes differ and removes components that an earlier compile left. Returns the files that
    were there and said something else. Raises UsageError where the folder cannot be written."""
    try:
        return _write(tree, folder)
    except OSError as error:
        message = f"cannot write {folder}: {(error.strerror or str(error)).lower()}"
        raise UsageError(message, "run tfinfra in a folder that you may write") from error


def _write(tree: Mapping[str, str], folder: Path) -> list[str]:
    replaced = []
    for path, text in tree.items():
        file = folder / path
        if file.is_file() and file.read_bytes() != text.encode():
            replaced.append(path)
        if not file.is_file() or path in replaced:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
    for path in _strangers(tree, folder):
        if path.startswith("stacks/") and path.endswith(".py"):
            (folder / path).unlink()
    return replaced


def differences(tree: Mapping[str, str], folder: Path) -> list[str]:
    """One line for each file of the folder that is missing, differs from `tree`, or does not belong to it."""
    lines = []
    for path, text in tree.items():
        file = folder / path
        if not file.is_file():
            lines.append(f"{path}: missing")
        elif file.read_bytes() != text.encode():
            lines.append(f"{path}: differs")
    return lines + [f"{path}: not of this manifest" for path in _strangers(tree, folder)]


def _strangers(tree: Mapping[str, str], folder: Path) -> list[str]:
    files = (file for file in folder.rglob("*") if file.is_file() and _IGNORED.isdisjoint(file.parts))
    return sorted(path for path in (file.relative_to(folder).as_posix() for file in files) if path not in tree)

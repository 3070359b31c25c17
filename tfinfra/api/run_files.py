"""A run's files on this machine, by the names that they have below its results: outputs/model/…, tasks/rank-0.log."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tfinfra.api.told import told
from tfinfra.errors import UsageError
from tfinfra.manifest.words.spelling_hints import nearest


def file_names(results: Path) -> list[str]:
    """All files, in order; links are none."""
    found = (
        Path(folder, name).relative_to(results).as_posix()
        for folder, _, names in os.walk(results)
        for name in names
        if not Path(folder, name).is_symlink()
    )
    return sorted(found)


def log_names(results: Path) -> list[str]:
    """The logs of tasks and nodes, in order."""
    return [name for name in file_names(results) if name.startswith(("tasks/", "nodes/")) and name.endswith(".log")]


def copy_file(results: Path, name: str, to: str | os.PathLike[str] | None) -> Path:
    """Copies one file to the path `to`, into it where it is a folder, or into the current folder. Raises UsageError."""
    names = file_names(results)
    if name not in names:
        near = nearest(name, names, 0.5)
        hint = f"did you mean '{near}'?" if near else "run.get_file_names() lists all"
        raise told(UsageError(f"the run has no file '{name}'", hint=hint))
    target = Path(to) if to is not None else Path(Path(name).name)
    target = target / Path(name).name if target.is_dir() else target
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(results / name, target)
    return target


def copy_files(
    results: Path,
    prefix: str | None,
    folder: str | os.PathLike[str] | None,
    paths: Sequence[str | os.PathLike[str]] | None,
    *,
    with_prefix: bool,
) -> list[Path]:
    """Copies all files whose names begin with `prefix` into `folder`, below it by their names, which lose the prefix
    unless `with_prefix`; or to `paths`, one for each. Raises UsageError where there is none."""
    begin = prefix or ""
    names = [name for name in file_names(results) if name.startswith(begin)]
    if not names:
        raise told(UsageError(f"the run has no file below '{prefix}'", hint="run.get_file_names() lists all"))
    if paths is not None and len(paths) != len(names):
        counts = f"output_paths names {len(paths)} files, and there are {len(names)}"
        raise told(UsageError(counts, hint="name a path for each file, or none"))
    below = [name if with_prefix else name.removeprefix(begin).lstrip("/") or Path(name).name for name in names]
    targets = [Path(folder or "") / path for path in (paths or below)]
    return [copy_file(results, name, target) for name, target in zip(names, targets, strict=True)]

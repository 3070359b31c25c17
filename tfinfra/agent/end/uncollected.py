"""What this node's tasks wrote beside the common directories: it goes with the machine, and its owner hears of it."""

from __future__ import annotations

import os
from pathlib import Path

from tfinfra.agent.assignment import Assignment
from tfinfra.system.strange_trees import names_below

_NAMED = 3
_NOBODYS = frozenset({"__pycache__", ".ipynb_checkpoints"})


def left_behind(assignment: Assignment) -> tuple[str, ...]:
    """One sentence for each task of this node that wrote files beside ./outputs and ./logs."""
    source = assignment.paths.bundle / "source"
    found = ((task.name, _new_files(source, assignment.work(task))) for task in assignment.tasks)
    return tuple(_sentence(task, files) for task, files in found if files)


def _sentence(task: str, files: list[str]) -> str:
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return f"{', '.join(files[:_NAMED])}{more}: {task} wrote outside of ./outputs"


def _new_files(source: Path, work: Path) -> list[str]:
    """The files below `work` that did not come with the source; links are not followed."""
    names = names_below(work, lambda folder: folder not in _NOBODYS)
    # Path's own is_symlink raises for a name that is too long
    return [n for n in names if not os.path.islink(work / n) and not os.path.lexists(source / n)]  # noqa: PTH114

"""What this node's tasks wrote beside the common directories: it goes with the machine, and its owner hears of it."""

from __future__ import annotations

import os

from tfinfra.agent.assignment import Assignment
from tfinfra.system.strange_trees import names_below
from tfinfra.text.wording import first_few

_NAMED = 3
_NOBODYS = frozenset({"__pycache__", ".ipynb_checkpoints"})


def left_behind(assignment: Assignment) -> tuple[str, ...]:
    """One sentence for each task of this node that wrote files beside ./outputs and ./logs."""
    source = assignment.paths.bundle / "source"
    sentences = []
    for task in assignment.tasks:
        work = assignment.working_directory(task)
        names = names_below(work, lambda folder: folder not in _NOBODYS)  # links are not followed
        # Path's own is_symlink raises for a name that is too long
        new = [n for n in names if not os.path.islink(work / n) and not os.path.lexists(source / n)]  # noqa: PTH114
        if new:
            sentences.append(f"{first_few(new, _NAMED)}: {task.name} wrote outside of ./outputs")
    return tuple(sentences)

"""A run's points as they lie on this machine: `metrics/<task>.jsonl`, and whose come first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tfinfra.model import Logged
from tfinfra.store import LONGEST_LINE, keys, logged_in
from tfinfra.system.plain_files import open_plain
from tfinfra.system.strange_trees import names_below

FOLDER = keys.METRICS
_AT_ONCE = 1 << 18
_ENDING = ".jsonl"


def never() -> bool:
    """For who reads as long as it takes."""
    return False


def logged_at_home(
    results: Path, leader: str | None, odd: Counter[str], late: Callable[[], bool] = never
) -> Iterator[Logged]:
    """The points and remarks below the folder of a run's outputs, in the order of their tasks, until it is `late`:
    that is asked however few lines are points. `odd` counts for each task the lines that are neither."""
    if (results / FOLDER).is_symlink():
        return
    names = [name for name in names_below(results / FOLDER) if name.endswith(_ENDING) and "/" not in name]
    for task in sorted((name.removesuffix(_ENDING) for name in names), key=lambda task: place(task, leader)):
        yield from _in_file(results, task, odd, late)


def is_of_node(task: str) -> bool:
    """Whether what is called so is a node, whose figures are no metrics of the script."""
    kind, _, number = task.rpartition("-")
    return number.isdigit() and keys.node_figures(int(number)) == task and kind != ""


def place(task: str, leader: str | None) -> tuple[bool, bool, int, str]:
    """By what tasks are sorted: the leader first, nodes last."""
    number = task.rpartition("-")[2]
    return is_of_node(task), task != leader, int(number) if number.isascii() and number.isdigit() else 0, task


def counted(task: str, data: bytes, odd: Counter[str]) -> list[Logged]:
    """The points and remarks in these lines; the lines that are neither are counted."""
    logged, others = logged_in(task, data)
    if others:
        odd[task] += others
    return logged


def _in_file(results: Path, task: str, odd: Counter[str], late: Callable[[], bool]) -> Iterator[Logged]:
    """What is in a file, which may be of any size, one line of it too, and may have gone meanwhile."""
    file = open_plain(results, f"{FOLDER}/{task}{_ENDING}")
    if file is None:
        return
    rest = b""
    with file:
        while data := file.read(_AT_ONCE):
            if late():
                return
            whole, _, rest = (rest + data).rpartition(b"\n")
            rest = rest[: LONGEST_LINE + 1]  # what is longer is no point, and stays none
            yield from counted(task, whole, odd)
    yield from counted(task, rest, odd)

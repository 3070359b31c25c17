"""What a run has logged, points and remarks: while its store is there out of that, afterwards out of `metrics/` beside
its outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.attached_run import came_to_nothing, must_be_readable, recorded
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.model import Logged, Point
from tfinfra.store import chunks_by_name, contents, keys, logged_in

FOLDER = keys.METRICS
_AT_ONCE = 1 << 22


def run_points(found: FoundRun) -> Iterator[Point]:
    """The points of `run_logged` alone."""
    return (each for each in run_logged(found) if isinstance(each, Point))


def run_logged(found: FoundRun, odd: Counter[str] | None = None) -> Iterator[Logged]:
    """All points and remarks of the run, the leader's first, the nodes' own figures last, those of each in the order
    logged. `odd` counts for each task the lines that are neither. Raises UsageError where there can be none any more,
    what the store raises."""
    odd = Counter() if odd is None else odd
    must_be_readable(found)
    if found.store is not None:
        chunks = chunks_by_name(found.store, keys.METRICS)
        for task in sorted(chunks, key=lambda task: _order(found, task)):
            for chunk in contents(found.store, chunks[task]):
                yield from _logged(task, chunk or b"", odd)
        return
    record = recorded(found)
    if record.came_to_nothing:
        raise came_to_nothing(record)
    folder = Path(record.results) / FOLDER
    if not record.fetched and not folder.is_dir():
        raise UsageError(f"the metrics of {record.run} were never fetched, and went with its groups")
    files = [path for path in folder.glob("*.jsonl") if path.is_file() and not path.is_symlink()]
    for path in sorted(files, key=lambda path: _order(found, path.stem)):
        yield from _in_file(path, odd)


def leader_of(found: FoundRun) -> str | None:
    """The task whose metrics count first, None where no record says so."""
    return found.record.leader if found.record is not None else None


def is_of_node(task: str) -> bool:
    """Whether what is called so is a node, whose figures are no metrics of the script."""
    kind, _, number = task.rpartition("-")
    return number.isdigit() and keys.node_figures(int(number)) == task and kind != ""


def _order(found: FoundRun, task: str) -> tuple[bool, bool, int, str]:
    number = task.rpartition("-")[2]
    return is_of_node(task), task != leader_of(found), int(number) if number.isascii() and number.isdigit() else 0, task


def _logged(task: str, data: bytes, odd: Counter[str]) -> list[Logged]:
    logged, others = logged_in(task, data)
    if others:
        odd[task] += others
    return logged


def _in_file(path: Path, odd: Counter[str]) -> Iterator[Logged]:
    """What is in a file of this machine, which may be of any size, and may have gone meanwhile."""
    rest = b""
    with suppress(FileNotFoundError), path.open("rb") as file:
        while data := file.read(_AT_ONCE):
            whole, _, rest = (rest + data).rpartition(b"\n")
            yield from _logged(path.stem, whole, odd)
    yield from _logged(path.stem, rest, odd)

"""Whose the nodes of a run are that stay after its end: its own client's record of it says so, and keeps two further
runs from them at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord, all_records


def uses_lock(first: RunFolder) -> FileLock:
    """Held by whoever decides by what the record of `first` says of its nodes, until that is written."""
    return FileLock(first.path / ".uses")


def begin_use(first: RunFolder, run: str, now: float, is_over: Callable[[str], bool]) -> str | None:
    """Notes that the nodes of `first` are those of `run` from now on. The run that they are of already, as far as that
    is not over; then nothing is noted. Raises KeyError where there is no record."""
    with uses_lock(first):
        record = first.update()
        for use in record.ledger.uses:
            if use.end is None and not is_over(use.run):
                return use.run
            if use.end is None:
                end_use(first, use.run, now)
        first.change_ledger(lambda ledger: ledger.used(run, now))
    return None


def end_use(first: RunFolder, run: str, now: float) -> None:
    """Notes that the nodes of `first` are not those of `run` any more."""
    record = first.read()
    if record is not None and any(use.run == run and use.end is None for use in record.ledger.uses):
        first.change_ledger(lambda ledger: ledger.unused(run, now))


def unfinished_runs(runs: Path, first: str) -> list[RunRecord]:
    """The runs on the nodes of `first` of which something may still be in its store, the oldest first. `runs` is the
    folder of all runs of this machine."""
    return [record for record in all_records(runs.parent) if record.on == first and record.phase != RunPhase.DELETED]

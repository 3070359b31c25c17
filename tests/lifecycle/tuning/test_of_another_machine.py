"""A tune whose client died on another machine: what its store has suffices, or the user is told what does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lifecycle.tuning.home import RUN, a_trials_files, a_tune_at_home
from tests.lifecycle.tuning.tuned_world import TunedWorld
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.errors import Result, UsageError
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.in_store.published import BorrowedFolder
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, run_folder
from tfinfra.lifecycle.tuning import resume
from tfinfra.lifecycle.tuning.of_another_machine import keep_end, keep_here, refuse_beyond_store, refuse_other_names
from tfinfra.model import Beat
from tfinfra.store import MemoryStore, Unreadable, encode, keys
from tfinfra.system.clock import right_now
from tfinfra.system.progress import say_nothing
from tfinfra.tuning.journal import Asked, Entry, replay


def found_from_elsewhere(tmp: Path) -> FoundRun:
    """As `find_run` finds it: its record and plan in memory, its journal in its store alone."""
    theirs = a_tune_at_home(tmp / "their-state", tmp / "theirs", phase=RunPhase.RUNNING, result=None, fetched=False)
    store = MemoryStore()
    for path in (theirs.path / keys.JOURNAL).iterdir():
        store.put(f"{keys.JOURNAL}/{path.name}", path.read_bytes())
    folder = BorrowedFolder(run_folder(tmp / "state", RUN).path, theirs.plan())
    record = replace(theirs.read() or pytest.fail("no record"), results=str(tmp / "runs" / RUN))
    folder.write(record)
    group = RunGroup(f"tfinfra-{RUN}-keep", RUN, "")
    return FoundRun(RUN, folder, record, TunedWorld(tmp / "world").ports, (group,), store, None)


def without_record(found: FoundRun) -> FoundRun:
    return replace(found, record=None, folder=BorrowedFolder(found.folder.path))


def driven(found: FoundRun) -> FoundRun:
    assert found.store is not None
    found.store.put(keys.WATCH, encode(Beat(right_now())))
    return found


REFUSED: dict[str, tuple[Callable[[FoundRun], FoundRun], str, str]] = {
    "its store has gone": (
        lambda found: replace(found, store=None),
        "its store has gone, and its journal with that",
        "works there",
    ),
    "its store does not open": (
        lambda found: replace(found, store=None, unread="its store cannot be read: 403"),
        "its store cannot be read: 403",
        "works there",
    ),
    "nobody has its record": (without_record, "had left no record in its store", "begin a new tune"),
    "its record is another version's": (
        lambda found: replace(found, odd=(Unreadable("run.json", "schema 9"),)),
        "cannot be gone on with: run.json",
        "`tfinfra down digits-abc123`",
    ),
    "its client lives": (driven, "a client on another machine searches digits-abc123", "30 s after"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_does_not_suffice_is_refused_with_the_way_out(why: str, tmp_path: Path) -> None:
    changed, message, hint = REFUSED[why]
    with pytest.raises(UsageError) as refused:
        refuse_beyond_store(changed(found_from_elsewhere(tmp_path)))
    assert message in refused.value.message
    assert hint in (refused.value.hint or "")


def test_what_its_store_has_is_here_before_it_is_ended(tmp_path: Path) -> None:
    found = found_from_elsewhere(tmp_path)
    refuse_beyond_store(found)
    entries = resume._entries(found, say_nothing)
    keep_here(found, entries)
    here = run_folder(tmp_path / "state", RUN)
    after = FoundRun(RUN, here, here.read(), found.reach, (), None, None)
    assert resume._entries(after, say_nothing) == entries
    assert (here.read() or pytest.fail("no record")).phase == RunPhase.RUNNING


def test_trials_whose_files_are_elsewhere_are_named(tmp_path: Path) -> None:
    found = found_from_elsewhere(tmp_path)
    entries = resume._entries(found, say_nothing)
    keep_here(found, entries)
    a_trials_files(run_folder(tmp_path / "state", RUN), tmp_path / "runs" / RUN, 4, (0.95,))
    found.folder.update(phase=RunPhase.DELETED, result=Result.CANCELLED)
    said: list[str] = []
    keep_end(found, replay(entries), said.append)
    assert len(said) == 1
    assert "trials whose files did not come here: 1, 3;" in said[0]
    assert (RunFolder(found.folder.path).read() or pytest.fail("no record")).phase == RunPhase.DELETED


def test_a_journal_gives_no_arguments_of_other_names() -> None:
    searched = replay([Entry(asked=Asked(1, {"--x": 1, "--run-as": "root"}, 1.0))])
    with pytest.raises(UsageError, match=r"other parameters for trial 1 than tune.parameter_space names"):
        refuse_other_names(RUN, ["--x"], searched)

"""Whose the nodes of a run are: one run's at a time, and the ledger says when."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.lifecycle.record.test_record import a_record
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, run_folder
from tfinfra.lifecycle.record.uses import begin_use, end_use, unfinished_runs

FIRST, SECOND, THIRD = "digits-abc123", "digits-def456", "digits-ghi789"


def a_first(tmp_path: Path) -> RunFolder:
    folder = run_folder(tmp_path, FIRST)
    folder.write(a_record(FIRST))
    return folder


def spans(folder: RunFolder) -> list[tuple[str, float, float | None]]:
    record = folder.read()
    assert record is not None
    return [(use.run, use.start, use.end) for use in record.ledger.uses]


def test_a_second_run_waits_for_the_end_of_the_first_on_the_nodes(tmp_path: Path) -> None:
    folder = a_first(tmp_path)
    assert begin_use(folder, SECOND, 10.0, lambda run: False) is None
    assert begin_use(folder, THIRD, 11.0, lambda run: False) == SECOND
    end_use(folder, SECOND, 12.0)
    end_use(folder, THIRD, 12.5)
    assert begin_use(folder, THIRD, 13.0, lambda run: False) is None
    assert spans(folder) == [(SECOND, 10.0, 12.0), (THIRD, 13.0, None)]


def test_two_that_change_a_ledger_at_once_both_do(tmp_path: Path) -> None:
    a_first(tmp_path)

    def note(run: str, at: float) -> None:
        run_folder(tmp_path, FIRST).change_ledger(lambda ledger: ledger.used(run, at))

    def uses(run: str) -> None:
        for number in range(20):
            note(run, float(number))

    threads = [threading.Thread(target=uses, args=(run,)) for run in (SECOND, THIRD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(spans(run_folder(tmp_path, FIRST))) == 40


def test_a_run_whose_client_died_uses_the_nodes_until_it_is_known_to_be_over(tmp_path: Path) -> None:
    folder = a_first(tmp_path)
    begin_use(folder, SECOND, 10.0, lambda run: False)
    assert begin_use(folder, THIRD, 20.0, lambda run: run == SECOND) is None
    assert spans(folder) == [(SECOND, 10.0, 20.0), (THIRD, 20.0, None)]


def test_runs_that_are_not_at_home_are_known_by_the_run_whose_nodes_they_are_on(tmp_path: Path) -> None:
    folder = a_first(tmp_path)
    for run, phase in ((SECOND, RunPhase.DELETED), (THIRD, RunPhase.RUNNING)):
        run_folder(tmp_path, run).write(a_record(run, on=FIRST, phase=phase))
    assert [record.run for record in unfinished_runs(folder.runs, FIRST)] == [THIRD]

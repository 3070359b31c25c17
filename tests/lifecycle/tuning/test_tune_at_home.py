"""A tune by what this machine has of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.record.test_record import a_record
from tests.lifecycle.tuning.home import RUN, a_trials_files, a_tune_at_home
from tfinfra.errors import UsageError
from tfinfra.lifecycle.record.driver import this_process
from tfinfra.lifecycle.record.run_record import RunPhase, run_folder
from tfinfra.lifecycle.trials.tune_at_home import tune_at_home, tune_named
from tfinfra.lifecycle.tuning.resume import left_tune
from tfinfra.store import keys
from tfinfra.system.progress import say_nothing


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def test_its_trials_are_told_with_the_best_of_them(state: Path, tmp_path: Path) -> None:
    tune = tune_at_home(a_tune_at_home(state, tmp_path / "results"))
    assert tune is not None
    assert (tune.tune, tune.metric, tune.goal, tune.best, tune.total, tune.slots) == (
        *(RUN, "val_acc", "maximize", 4, 8, 2),
    )
    assert [(trial.number, trial.state, trial.best) for trial in tune.trials] == [
        (1, "succeeded", 0.9),
        (2, "failed", None),
        (3, "terminated", 0.2),
        (4, "succeeded", 0.95),
        (5, "cancelled", None),
    ]
    assert [trial.number for trial in tune.ranked] == [4, 1, 3, 2, 5]


def test_what_is_under_way_runs_while_its_client_lives(state: Path, tmp_path: Path) -> None:
    tune = tune_at_home(a_tune_at_home(state, tmp_path / "results", client=this_process()))
    assert tune is not None
    assert tune.trials[-1].state == "running"


@pytest.mark.parametrize(
    ("deadline", "says"), [("2026-11-24T10:00:00Z", "cancelled"), ("9999-01-01T00:00:00Z", "running")]
)
def test_a_trial_that_its_nodes_bring_to_its_end_alone_runs(
    state: Path, tmp_path: Path, deadline: str, says: str
) -> None:
    folder = a_tune_at_home(state, tmp_path / "results", phase=RunPhase.RUNNING, result=None)
    a_trials_files(folder, tmp_path / "results", 5, ())
    folder.of(f"{RUN}-t00005").update(phase=RunPhase.RUNNING, result=None, fetched=False, deadline=deadline)
    tune = tune_at_home(folder)
    assert tune is not None
    assert tune.trials[-1].state == says
    folder.update(phase=RunPhase.DELETED)
    tune = tune_at_home(folder)
    assert tune is not None
    assert (tune.trials[-1].state, tune.trials[-1].seconds(2000.0)) == ("cancelled", None)


def test_a_trial_that_ended_well_without_its_client_is_told_so_and_may_be_the_best(state: Path, tmp_path: Path) -> None:
    folder = a_tune_at_home(state, tmp_path / "results")
    a_trials_files(folder, tmp_path / "results", 5, (0.5, 0.99))
    tune = tune_at_home(folder)
    assert tune is not None
    assert (tune.best, tune.trials[-1].state, tune.trials[-1].best) == (5, "succeeded", 0.99)


@pytest.mark.parametrize("asks", [tune_named, lambda name: left_tune(name, say_nothing)])
def test_who_names_a_trial_for_a_tune_is_told_the_tune(state: Path, tmp_path: Path, asks: Callable[[str], Any]) -> None:
    a_tune_at_home(state, tmp_path / "results")
    with pytest.raises(UsageError, match="is a trial, no tune") as raised:
        asks(f"{RUN}-t00001")
    assert f" {RUN}`" in str(raised.value.hint)


def test_a_spoilt_journal_is_read_as_far_as_it_goes_together(state: Path, tmp_path: Path) -> None:
    folder, said = a_tune_at_home(state, tmp_path / "results"), list[str]()
    (folder.path / keys.journal_key(2)).write_text("{")  # trial 2 was never asked then, and ends
    tune = tune_at_home(folder, said.append)
    assert tune is not None
    assert [trial.number for trial in tune.trials] == [1]
    assert len(said) == 2
    assert all(line.startswith("warning: ") for line in said)


@pytest.mark.parametrize("name", [RUN, "digits"])
def test_a_tune_is_found_by_its_id_and_by_its_name(state: Path, tmp_path: Path, name: str) -> None:
    a_tune_at_home(state, tmp_path / "results")
    run_folder(state, "digits-zzzzzz").write(a_record("digits-zzzzzz"))  # a run of that name that is no tune
    assert tune_named(name).tune == RUN


@pytest.mark.parametrize("name", ["digits-zzzzzz", "mnist"])
def test_what_is_no_tune_is_said_to_be_none(state: Path, tmp_path: Path, name: str) -> None:
    a_tune_at_home(state, tmp_path / "results")
    run_folder(state, "digits-zzzzzz").write(a_record("digits-zzzzzz"))
    with pytest.raises(UsageError):
        tune_named(name)

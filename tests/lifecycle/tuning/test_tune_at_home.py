"""A tune by what this machine has of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lifecycle.record.test_record import a_record
from tests.lifecycle.tuning.home import RUN, a_tune_at_home
from tfinfra.errors import UsageError
from tfinfra.lifecycle.record.driver import this_process
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.trials.tune_at_home import tune_at_home, tune_named
from tfinfra.store import keys


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

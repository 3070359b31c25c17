"""A tune from Python: its children in HyperDrive's form, the best of them, and a configuration that is submitted."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import project, submissions
from tests.lifecycle.tuning.home import RUN, a_trials_files, a_tune_at_home
from tfinfra import (
    BanditPolicy,
    BayesianParameterSampling,
    Experiment,
    HyperDriveConfig,
    HyperDriveRun,
    PrimaryMetricGoal,
    RandomParameterSampling,
    Run,
    TensorFlow,
    choice,
    uniform,
)
from tfinfra.errors import UsageError
from tfinfra.lifecycle.up.background_run import Submission

__all__ = ["project", "submissions"]


@pytest.fixture
def tune(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HyperDriveRun:
    """One whose trials 1 and 4 came home; the others' files are not there."""
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    folder = a_tune_at_home(tmp_path / "state", tmp_path / "results")
    a_trials_files(folder, tmp_path / "results", 1, (0.5, 0.9))
    a_trials_files(folder, tmp_path / "results", 4, (0.95,))
    return HyperDriveRun("digits", RUN)


def numbers(children: list[dict[str, object]]) -> list[int]:
    return [int(str(child["run_id"])[-5:]) for child in children]


SORTED: dict[str, tuple[dict[str, Any], list[int]]] = {
    "the best first, then those without the metric": ({}, [4, 1, 3, 2, 5]),
    "the best last, and still before those without": ({"reverse": True}, [3, 1, 4, 2, 5]),
    "those with the metric alone": ({"discard_no_metric": True}, [4, 1, 3]),
    "so many": ({"top": 2}, [4, 1]),
}


@pytest.mark.parametrize("case", SORTED)
def test_children_are_sorted_as_hyperdrive_does(case: str, tune: HyperDriveRun) -> None:
    given, wanted = SORTED[case]
    assert numbers(tune.get_children_sorted_by_primary_metric(**given)) == wanted


def test_a_trial_has_the_definition_that_it_was_asked_with(tune: HyperDriveRun) -> None:
    best = tune.get_best_run_by_primary_metric()
    assert best is not None
    defined = best.get_details()["runDefinition"]
    assert defined["arguments"][-4:] == ["--x", "3", "--rate", "0.025"]
    assert (defined["script"], defined["nodeCount"]) == ("train.py", 1)


def test_a_sampling_that_lacks_a_package_is_told_before_anything_begins(
    submissions: list[Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    sampling = BayesianParameterSampling({"--lr": uniform(0, 1)})
    config = HyperDriveConfig(sampling, "acc", "maximize", 4, estimator=TensorFlow(entry_script="train.py"))
    with pytest.raises(UsageError, match="needs Optuna"):
        Experiment("digits").submit(config)
    assert submissions == []


def test_a_child_has_hyperdrives_four_keys(tune: HyperDriveRun) -> None:
    best, *_, failed, _under_way = tune.get_children_sorted_by_primary_metric()
    assert best == {
        "run_id": f"{RUN}-t00004",
        "hyperparameters": '{"--x": 3, "--rate": 0.025}',
        "best_primary_metric": 0.95,
        "status": "Completed",
    }
    assert (failed["best_primary_metric"], failed["status"]) == (None, "Failed")
    assert {name: json.loads(text) for name, text in tune.get_hyperparameters().items()}[f"{RUN}-t00002"]["--x"] == 1


def test_the_best_run_is_a_run_with_files_and_metrics(tune: HyperDriveRun, tmp_path: Path) -> None:
    best = tune.get_best_run_by_primary_metric()
    assert best == Run(f"{RUN}-t00004")
    assert best.get_metrics() == {"val_acc": 0.95}
    assert "outputs/model.txt" in best.get_file_names()
    best.download_file("outputs/model.txt", tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "weights"


def test_metrics_are_those_of_all_children(tune: HyperDriveRun) -> None:
    found = tune.get_metrics()
    assert list(found) == [run.id for run in tune.get_children()]
    assert found[f"{RUN}-t00001"] == {"val_acc": [0.5, 0.9]}
    assert found[f"{RUN}-t00002"] == {}


def test_a_tune_is_found_as_what_it_is(tune: HyperDriveRun) -> None:
    found = [Run.get(None, RUN), *Experiment(RUN[:-7]).get_runs()]
    assert found == [tune, tune]
    assert [type(each) for each in found] == [HyperDriveRun, HyperDriveRun]
    assert type(Run.get(None, f"{RUN}-t00001")) is Run


def test_a_run_that_is_no_tune_says_so(tmp_path: Path, tune: HyperDriveRun) -> None:
    with pytest.raises(UsageError, match="knows no tune"):
        HyperDriveRun("digits", "digits-zzzzzz").get_hyperparameters()
    with pytest.raises(UsageError, match="top is -1"):
        tune.get_children_sorted_by_primary_metric(top=-1)


def test_a_configuration_is_submitted_as_a_tune(project: Path, submissions: list[Submission]) -> None:
    (project / "train.py").write_text("import sys\n")
    config = HyperDriveConfig(
        RandomParameterSampling({"--rate": uniform(0.1, 0.9), "--batch": choice(32, 64)}),
        *("val_acc", PrimaryMetricGoal.MAXIMIZE, 6, 2),
        policy=BanditPolicy(slack_factor=0.1),
        estimator=TensorFlow(entry_script="train.py"),
    )
    run: HyperDriveRun = Experiment("digits").submit(config, tags={"team": "vision"})
    assert isinstance(run, HyperDriveRun)
    assert run.type == "hyperdrive"
    assert run.hyperdrive_config is config
    (submitted,) = submissions
    assert submitted.options.tune
    assert submitted.arguments["tags"] == {"team": "vision"}
    assert submitted.arguments["tune"]["parameter_space"] == {
        "--rate": {"uniform": [0.1, 0.9]},
        "--batch": {"choice": [32, 64]},
    }
    assert run.get_children_sorted_by_primary_metric() == []
    assert run.get_best_run_by_primary_metric() is None

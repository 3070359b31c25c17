"""`submit(est, locked=…)`: the arguments are held against a lock before anything is submitted, and by the run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.locking import locks
from tfinfra import Experiment, TensorFlow
from tfinfra.errors import DifferenceFound, ManifestError, UsageError
from tfinfra.lifecycle.up.background_run import Submission

LOCK = "train.lock.yaml"
ARGUMENTS: dict[str, Any] = {
    "entry_script": "train.py",
    "script_params": {"--epochs": 3, "--rate": "1e-3"},
    "pip_packages": ["numpy==1.26.4"],
    "environment_variables": {"MODE": "quick"},
    "inputs": {"digits": {"path": "data/digits"}, "labels": {"path": "data/labels.csv"}},
    "compute_target": "gpus",
    "limits": {"max_run_duration": "2h", "max_cost_usd": 20},
}
"""What the manifest of the locked project says."""


@pytest.fixture
def locked(submissions: list[Submission], project: Path, monkeypatch: pytest.MonkeyPatch) -> list[Submission]:
    """What is submitted of a locked project."""
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(project / "cache"))
    locks.without_index_or_engine(monkeypatch)
    locks.lock(locks.project(project))
    return submissions


def test_arguments_that_are_what_was_locked_are_submitted_with_their_lock(locked: list[Submission]) -> None:
    Experiment("digits").submit(TensorFlow(**ARGUMENTS), locked=LOCK)
    (submission,) = locked
    assert (submission.options.locked, submission.options.lock_file) == (True, Path.cwd() / LOCK)
    assert submission.project().unlocked == ""


UNLIKE: dict[str, tuple[dict[str, Any], str]] = {
    "a parameter": ({"script_params": {"--epochs": 4}}, "'script_params.--epochs' is 4, and 3 in the lock"),
    "a package": ({"pip_packages": ["numpy==1.26.3"]}, "pip_packages"),
    "the target": ({"compute_target": "other"}, "the target is 'other', and 'gpus' in the lock"),
    "how long it may take": ({"limits": {"max_run_duration": "3h"}}, "limits.max_run_duration"),
}


@pytest.mark.parametrize("what", UNLIKE)
def test_arguments_that_are_not_what_was_locked_are_told(what: str, locked: list[Submission]) -> None:
    changed, message = UNLIKE[what]
    with pytest.raises(DifferenceFound) as refused:
        Experiment("digits").submit(TensorFlow(**ARGUMENTS), locked=LOCK, **changed)
    assert message in str(refused.value)
    assert locked == []


def test_guardrails_that_ask_for_a_lock_are_met_by_it(
    locked: list[Submission], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rails = tmp_path_factory.mktemp("platform") / "rails.yaml"
    rails.write_text("require: [lock]\n")
    with pytest.raises(ManifestError, match="not locked"):
        Experiment("digits").submit(TensorFlow(**ARGUMENTS), guardrails=rails)
    Experiment("digits").submit(TensorFlow(**ARGUMENTS), locked=LOCK, guardrails=rails)
    assert len(locked) == 1


def test_what_is_no_lock_is_refused(locked: list[Submission]) -> None:
    with pytest.raises(DifferenceFound, match="there is no lock"):
        Experiment("digits").submit(TensorFlow(**ARGUMENTS), locked="nowhere.lock.yaml")
    wrong: Any = True
    with pytest.raises(UsageError, match="locked is an object of type bool") as refused:
        Experiment("digits").submit(TensorFlow(**ARGUMENTS), locked=wrong)
    assert "write locked='train.lock.yaml'" in str(refused.value)

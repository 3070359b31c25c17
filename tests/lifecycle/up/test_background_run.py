"""What a submission carries to the process that drives the run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.up.background_run import Submission
from tfinfra.money.budget import Burn


def test_what_is_wished_of_a_run_arrives(tmp_path: Path) -> None:
    options = UpOptions(
        tmp_path / "here",
        target="gpu",
        rehearse=True,
        detach=True,
        keep=True,
        machines="process",
        store="blob",
        letters="abc123",
        own_state=tmp_path / "state",
    )
    submission = Submission({"entry_script": "train.py"}, "digits", options)
    submission.write(tmp_path / "request.json")
    assert Submission.read(tmp_path / "request.json") == submission


@pytest.mark.parametrize("changes", [{"consent": lambda terms, check: False}, {"burn": Burn(3.0, 1.0)}])
def test_what_no_other_process_can_take_over_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    submission = Submission({}, "digits", replace(UpOptions(tmp_path), **changes))
    with pytest.raises(ValueError, match="carries only these options: target, "):
        submission.write(tmp_path / "request.json")
    assert not (tmp_path / "request.json").exists()


def test_a_submission_of_the_release_before_is_read(tmp_path: Path) -> None:
    written = {"arguments": {}, "name": "digits", "folder": str(tmp_path)}
    wishes = {"rehearse": True, "machines": "process", "letters": "abc123"}
    (tmp_path / "request.json").write_text(json.dumps({**written, **wishes}))
    options = UpOptions(tmp_path, rehearse=True, machines="process", letters="abc123")
    assert Submission.read(tmp_path / "request.json") == Submission({}, "digits", options)

"""Trainings that are submitted as far as this process goes: none is started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tfinfra.lifecycle.record.driver import ClientProcess, this_process
from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.lifecycle.up import background_run
from tfinfra.lifecycle.up.background_run import REQUEST, Submission
from tfinfra.system.ownership import make_private


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a state folder of its own, a script and a target."""
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("print(1)\n")
    (tmp_path / "compute_targets.yaml").write_text("gpucluster: {cloud: azure, vm_size: Standard_D8s_v5}\n")
    return tmp_path


@pytest.fixture
def submissions(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Submission]]:
    """What was submitted, in its order. The process that would drive it is this one."""
    found: list[Submission] = []

    def start(submission: Submission, folder: RunFolder) -> ClientProcess:
        make_private(folder.path)
        submission.write(folder.path / REQUEST)
        found.append(Submission.read(folder.path / REQUEST))
        return this_process()

    monkeypatch.setattr(background_run, "start", start)
    yield found
    assert project == Path.cwd()

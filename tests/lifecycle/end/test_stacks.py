"""Which of a run's Pulumi stacks are said to remain in a backend of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lifecycle.record.test_record import a_record
from tfinfra.lifecycle.end import stacks
from tfinfra.lifecycle.record.run_record import run_folder

BACKEND = "file:///elsewhere"
REASON = "no way to the backend"


@pytest.mark.parametrize("made", [True, False])
def test_a_stack_that_could_not_be_made_does_not_remain(
    made: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", BACKEND)
    monkeypatch.setattr(stacks, "_drop", lambda names, force: dict.fromkeys(names, REASON))
    folder = run_folder(tmp_path, "digits-abc123")
    folder.write(a_record("digits-abc123", backend=BACKEND))
    project = folder.pulumi / "project"
    project.mkdir(parents=True)
    if made:
        (project / "Pulumi.digits-abc123-keep.yaml").touch()
    remain = stacks.forget_stacks(folder, ["tfinfra-digits-abc123-keep"], force=False, backend=BACKEND)
    assert remain == ({"digits-abc123-keep": REASON} if made else {})

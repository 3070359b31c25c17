"""Which folder `audit RUN` means, and the way out where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lifecycle.record.test_record import a_record
from tfinfra.errors import UsageError
from tfinfra.lifecycle.auditing.find_folder import find_folder
from tfinfra.lifecycle.record.run_record import run_folder

RUN = "digits-abc123"
HINTS = {
    "a run that lives can be fetched": ("running", f"`tfinfra fetch {RUN}` brings it home"),
    "of a run that is deleted nothing more can be fetched": ("deleted", "name the folder that a copy of it is in"),
}


@pytest.mark.parametrize(("phase", "hint"), HINTS.values(), ids=HINTS)
def test_a_run_whose_folder_is_not_there(
    phase: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    run_folder(tmp_path / "state", RUN).write(a_record(RUN, phase=phase, results=str(tmp_path / "gone")))
    with pytest.raises(UsageError, match=f"nothing of {RUN} lies in") as raised:
        find_folder(RUN)
    assert (raised.value.hint or "").startswith(hint)

"""What is cleared between two trials of a node."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.agent.trials import leftovers
from tfinfra.agent.trials.leftovers import Leftovers


class NoStrays:
    """Test processes are nobody's to end."""

    def end(self) -> int:
        return 0


@pytest.mark.parametrize(("own_machine", "stays"), [(True, {"psm_of_setup"}), (False, {"psm_of_setup", "nccl-1", "d"})])
def test_shared_memory_of_a_trial_is_given_back_where_no_other_run_has_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stays: set[str], *, own_machine: bool
) -> None:
    monkeypatch.setattr(leftovers, "Strays", NoStrays)
    monkeypatch.setattr(leftovers, "MEMORY", tmp_path)
    (tmp_path / "psm_of_setup").touch()
    left = Leftovers(own_machine=own_machine)
    (tmp_path / "nccl-1").touch()
    (tmp_path / "d").mkdir()
    (tmp_path / "d/segment").touch()
    left.clear()
    assert {path.name for path in tmp_path.iterdir()} == stays

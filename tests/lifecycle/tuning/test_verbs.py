"""What the verbs for a run say of a tune, and of a trial, that is over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lifecycle.tuning.tuned_world import TunedWorld, hurried
from tfinfra.cli.main import main

__all__ = ["hurried"]
TUNE, TRIAL = "digits-abc123", "digits-abc123-t00002"


@pytest.fixture
def tuned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TunedWorld:
    world = TunedWorld(tmp_path)
    world.search()
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return world


SAYS: dict[str, tuple[list[str], int, str]] = {
    "the state of a tune": (["status", TUNE], 0, "succeeded"),
    "the state of a trial": (["status", TRIAL], 0, "on the nodes of digits-abc123"),
    "the logs of a tune are its trials'": (["logs", TUNE], 2, "its trials have the logs"),
    "the logs of its nodes are its own": (["logs", TUNE, "--task", "agent-0"], 2, "there is no log of 'agent-0'"),
    "the logs of a trial": (["logs", TRIAL], 0, "trained"),
    "the metrics of a tune are its trials'": (["metrics", TUNE], 2, "its trials have the metrics"),
    "the metrics of a trial": (["metrics", TRIAL], 0, "val_acc"),
    "a tune at home": (["fetch", TUNE], 0, "fetched before"),
    "a trial at home": (["fetch", TRIAL], 0, "fetched before"),
    "a tune that is waited for": (["wait", TUNE], 0, TUNE),
    "a trial that is waited for": (["wait", TRIAL], 0, TRIAL),
    "a tune that is ended": (["down", TUNE], 0, "everything was deleted before"),
    "a trial that is ended": (["down", TRIAL], 0, "everything was deleted before"),
    "a command on a tune": (["exec", TUNE, "--", "ls"], 2, "has no nodes any more"),
    "a command on a trial": (["exec", TRIAL, "--", "ls"], 2, "has no nodes any more"),
    "more time for a tune": (["extend", TUNE, "1h"], 2, "has no nodes any more"),
    "more time for a trial": (["extend", TRIAL, "1h"], 2, "has no nodes any more"),
    "an audit of a trial": (["audit", TRIAL], 2, "its evidence is that of its tune, digits-abc123"),
    "all runs, where a tune is one": (["runs"], 0, TUNE),
    "the name of a tune": (["status", "digits"], 0, TUNE),
}


@pytest.mark.parametrize("what", SAYS)
def test_what_a_verb_says(what: str, tuned: TunedWorld, capfd: pytest.CaptureFixture[str]) -> None:
    argv, code, words = SAYS[what]
    assert main(argv) == code
    told = capfd.readouterr()
    assert words in told.out + told.err
    if what.startswith("all runs"):
        assert TRIAL not in told.out


def test_a_trial_has_a_document_of_its_own(tuned: TunedWorld, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["status", TRIAL, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert (document["run"], document["on"], document["result"]) == (TRIAL, TUNE, "succeeded")


def test_a_report_of_a_trial_is_that_of_its_tune(tuned: TunedWorld, tmp_path: Path) -> None:
    assert main(["report-bundle", TRIAL, "-o", str(tmp_path / "report.zip")]) == 0

"""`runs --of`: the trials of a tune, the best first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lifecycle.fakes import training
from tests.lifecycle.record.test_another_machines_run import left_by_its_client, second
from tests.lifecycle.tuning.home import RUN, a_tune_at_home
from tfinfra.cli.main import main
from tfinfra.store import encode, keys

__all__ = ["second"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def test_the_table_has_the_best_first(state: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    a_tune_at_home(state, tmp_path / "results")
    assert main(["runs", "--of", "digits"]) == 0
    head, *rows = capfd.readouterr().out.splitlines()
    assert head.split() == ["TRIAL", "BEST", "STATE", "val_acc", "TOOK", "--x", "--rate"]
    assert rows[0].split() == [f"{RUN}-t00004", "*", "succeeded", "0.95", "10", "s", "3", "0.025"]
    assert [row.split()[0][-1] for row in rows] == ["4", "1", "3", "2", "5"]


def test_a_limit_cuts_the_table_and_counts_the_rest(
    state: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    a_tune_at_home(state, tmp_path / "results")
    assert main(["runs", "--of", RUN, "--limit", "2"]) == 0
    shown = capfd.readouterr()
    assert len(shown.out.splitlines()) == 3
    assert "and 3 more; `--limit 0` lists all" in shown.err


def test_the_document_has_all(state: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    a_tune_at_home(state, tmp_path / "results")
    assert main(["runs", "--of", RUN, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert (document["document"], document["best"], len(document["trials"])) == ("trials", 4, 5)
    assert document["trials"][0]["parameters"] == {"--x": 3, "--rate": 0.025}


@pytest.mark.parametrize("words", [("--of", "mnist"), ("--of", RUN, "--state", "held"), ("--of", RUN, "--since", "2h")])
def test_what_it_cannot_do_ends_with_two(
    words: tuple[str, ...], state: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    a_tune_at_home(state, tmp_path / "results")
    assert main(["runs", *words]) == 2
    assert "error:" in capfd.readouterr().err


def test_a_list_of_runs_has_the_tune_as_one_line(
    state: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    a_tune_at_home(state, tmp_path / "results")
    assert main(["runs"]) == 0
    assert [line.split()[0] for line in capfd.readouterr().out.splitlines()] == ["RUN", RUN]


def test_of_another_machines_tune_the_journal_in_its_store_tells(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, training)
    folder = a_tune_at_home(tmp_path / "elsewhere", tmp_path / "results")
    world.store.put(keys.PLAN, encode(folder.plan()))
    for path in (folder.path / keys.JOURNAL).iterdir():
        world.store.put(f"{keys.JOURNAL}/{path.name}", path.read_bytes())
    asked = ("--cloud", "azure", "--subscription", "sub-a")
    assert main(["runs", "--of", RUN, *asked, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert (document["best"], [trial["state"] for trial in document["trials"]][-1]) == (4, "cancelled")
    world.store.put(keys.PLAN, b"{}")
    assert main(["runs", "--of", RUN, *asked]) == 2
    assert f"{RUN} shows no trials: its store holds no plan of a tune" in capfd.readouterr().err

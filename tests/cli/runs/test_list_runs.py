"""`tfinfra runs`: the newest first, as many as a person reads, and those that are asked for."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.lifecycle.record.test_record import a_record
from tfinfra.cli.main import main
from tfinfra.cli.runs.list_runs import RESULTS, STATES
from tfinfra.errors import Result
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.record.run_status import RunState
from tfinfra.model import Target

LOCAL = Target(name="local", cloud="local", location="eastus", vm_size="Standard_D8s_v5", os_disk_gb=64)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """31 runs: digits-aaaaa0 began an hour ago, each further one an hour before."""
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path))
    results = ["succeeded", "failed", "limit"]
    for number in range(31):
        name = "digits" if number % 2 == 0 else "other"
        began = time.time() - 3600 * (number + 1)
        record = a_record(
            f"{name}-{'abcdefghijklmnopqrstuvwxyz234567'[number] * 6}",
            target=LOCAL,
            phase="deleted",
            result=results[number % 3],
            times={"started": began, "ended": began + 60},
        )
        run_folder(tmp_path, record.run).write(record)
    return tmp_path


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[list[str], str]:
    """The runs that are listed, and what is told beside them."""
    assert main(["runs", *words]) == 0
    out, err = capsys.readouterr()
    return [line.split()[0] for line in out.splitlines()[1:]], err


def test_the_newest_come_first_and_the_others_are_counted(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs, told = listed(capsys)
    assert len(runs) == 20
    assert runs[:2] == ["digits-aaaaaa", "other-bbbbbb"]
    assert told == "and 11 more; `--limit 0` lists all\n"


ASKED = {
    "all": (["--limit", "0"], 31),
    "a few": (["--limit", "3"], 3),
    "a name": (["--name", "digits", "--limit", "0"], 16),
    "a result": (["--result", "failed", "--limit", "0"], 10),
    "two results": (["--result", "failed", "--result", "limit", "--limit", "0"], 20),
    "a state": (["--state", "training"], 0),
    "the last hours": (["--since", "150m"], 2),
    "all of it": (["--since", "1d", "--result", "succeeded", "--name", "digits"], 4),
    "a day long ago": (["--since", "2020-01-01", "--limit", "0"], 31),
}


@pytest.mark.parametrize(("words", "number"), ASKED.values(), ids=ASKED)
def test_what_is_asked_for(words: list[str], number: int, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs, told = listed(capsys, *words)
    assert len(runs) == number
    assert number or told == "no run is like that\n"


@pytest.mark.parametrize(
    ("words", "said"), [([], "no runs yet"), (["--cloud", "local"], "no run is live or kept there")]
)
def test_a_cloud_without_runs_is_not_taken_for_none_at_all(
    words: list[str], said: str, state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfinfra.lifecycle.attach.overview.all_statuses", lambda asked, progress: ())
    assert main(["runs", *words]) == 0
    assert said in "".join(capsys.readouterr())


def test_a_document_has_all_of_them(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--json"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [runs[0]["run"], len(runs)] == ["digits-aaaaaa", 31]
    assert main(["runs", "--json", "--limit", "2"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 2


WRONG = {
    "a moment that is none": (["--since", "yesterday"], "write how long ago, as 2h or 7d"),
    "fewer than none": (["--limit", "-1"], "tfinfra runs --help"),
    "a state that is none": (["--state", "running"], "tfinfra runs --help"),
}


@pytest.mark.parametrize(("words", "hint"), WRONG.values(), ids=WRONG)
def test_what_nobody_can_mean(words: list[str], hint: str, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", *words]) == 2
    assert hint in capsys.readouterr().err


def test_the_words_of_the_options_are_those_of_the_runs() -> None:
    assert tuple(RunState) == STATES
    assert tuple(Result) == RESULTS

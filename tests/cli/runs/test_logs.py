"""`tfinfra logs`: whose lines, how many, and with what in front."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminals import ROOT
from tests.lifecycle.record.test_record import a_record
from tfinfra.cli.main import main
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.model import Target

LOCAL = Target(name="local", cloud="local", location="eastus", vm_size="Standard_D8s_v5", os_disk_gb=64)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs of a name that have ended; the newer one's logs are home."""
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path))
    for number, run in enumerate(("digits-aaaaaa", "digits-bbbbbb")):
        results = tmp_path / "results" / run
        (results / "tasks").mkdir(parents=True)
        (results / "tasks" / "rank-0.log").write_text(f"first of {run}\n\x1b[31mlast\x1b[0m\n")
        (results / "tasks" / "rank-0.times").write_text(
            f"{len(f'first of {run}') + 1} 1795514400.50\n99 1795514402.00\n"
        )
        (results / "tasks" / "rank-1.log").write_text("second\n")
        (results / "tasks" / "rank-1.times").write_text("7 1795514401.00\n")
        record = a_record(
            run,
            target=LOCAL,
            phase="deleted",
            result="failed",
            results=str(results),
            fetched=True,
            plan_tasks=("rank-0", "rank-1"),
            times={"started": 1000.0 + number, "ended": 2000.0},
        )
        run_folder(tmp_path, run).write(record)
    return tmp_path


SHOWN = {
    "the leader's, of the newest": ([], ["rank-0 | first of digits-bbbbbb", "rank-0 | last"]),
    "the last line": (["--tail", "1"], ["rank-0 | last"]),
    "everybody's": (["--all"], ["rank-0 | first of digits-bbbbbb", "rank-1 | second", "rank-0 | last"]),
    "with times": (
        ["--all", "-t", "--tail", "2"],
        ["2026-11-24T10:00:01.0Z rank-1 | second", "2026-11-24T10:00:02.0Z rank-0 | last"],
    ),
    "as written": (["--raw", "--tail", "1"], ["\x1b[31mlast\x1b[0m"]),
    "as written, everybody's": (["--raw", "--all", "--tail", "2"], ["rank-1 | second", "rank-0 | \x1b[31mlast\x1b[0m"]),
}


@pytest.mark.parametrize(("options", "lines"), SHOWN.values(), ids=SHOWN)
def test_what_is_shown(options: list[str], lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "digits", *options]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == lines
    assert err == "no run 'digits' is live: this is the newest that has ended, digits-bbbbbb\n"


def test_an_older_run_is_named_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "digits-aaaaaa", "--tail", "2"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "rank-0 | first of digits-aaaaaa"
    assert err == ""


def test_a_document_holds_times_and_tasks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "digits", "--all", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["run"], document["tasks"]) == ("digits-bbbbbb", ["rank-0", "rank-1"])
    assert document["lines"][1] == {"task": "rank-1", "text": "second", "time": "2026-11-24T10:00:01.000Z"}


def test_a_file_gets_the_lines_alone_unless_there_are_several_tasks(tmp_path: Path) -> None:
    for options, first in (([], "first of digits-bbbbbb"), (["--all"], "rank-0 | first of digits-bbbbbb")):
        with (tmp_path / "printed").open("wb") as out:
            subprocess.run(
                [sys.executable, "-m", "tfinfra", "logs", "digits", *options], cwd=ROOT, stdout=out, check=True
            )
        assert (tmp_path / "printed").read_text().splitlines()[0] == first


WRONG = {
    "two wishes": (["--all", "--task", "rank-0"], "--all and --task contradict each other"),
    "fewer than none": (["--tail", "-1"], "--tail is '-1', not a whole number from 0"),
    "no task": (["--task", "rank-7"], "there is no log of 'rank-7'"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_what_nobody_can_mean(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "digits", *options]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["status", "fetch"])
def test_other_verbs_that_look_take_the_newest_too(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([verb, "digits"])
    assert "the newest that has ended, digits-bbbbbb" in capsys.readouterr().err


def test_what_deletes_takes_none_by_its_name_that_has_ended(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "digits"]) == 2
    assert "no live run, but these ended ones" in capsys.readouterr().err

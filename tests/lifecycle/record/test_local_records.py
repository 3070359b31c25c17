"""What this machine wrote itself, cut short by a crash or a full disk, or of another version: it is named, and the
others' turn goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lifecycle.chained import first_broken_line
from tests.lifecycle.fakes import World
from tests.lifecycle.hostile import CONTENTS
from tests.lifecycle.record.test_borrowed import told_here
from tests.lifecycle.record.test_record import a_record
from tfinfra import Run
from tfinfra.audit.log import AuditLog, read_events
from tfinfra.cli.runs import down, fetch, list_runs, logs, status
from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach import find_run, overview
from tfinfra.lifecycle.record.run_record import RunFolder, run_folder
from tfinfra.localcloud.common.state import ArmResource
from tfinfra.localcloud.common.state_files import read_value
from tfinfra.localcloud.machines.machine_record import RECORD, Record, read_record
from tfinfra.model import SCHEMA, to_json
from tfinfra.system.clock import iso_time

BROKEN, GOOD = "aaa-abc123", "zzz-abc123"
EVERY = pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with two runs that are deleted, whose cloud knows nothing any more."""
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    world = World(tmp_path)
    monkeypatch.setattr(find_run, "ports_at", lambda place: world.ports())
    for run in (BROKEN, GOOD):
        run_folder(tmp_path / "state", run).write(
            a_record(run, phase="deleted", result="succeeded", fetched=True, results=str(tmp_path / "runs" / run))
        )
    return tmp_path / "state"


@EVERY
def test_a_broken_record_is_named_and_the_other_runs_are_told(
    content: bytes, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run_folder(state, BROKEN).path / "run.json").write_bytes(content)
    code, said = told_here(capsys, list_runs.command)
    assert (code, GOOD in said) == (0, True)
    assert f"{BROKEN}/run.json is unreadable: " in said
    for verb in (status, logs, fetch, down):
        code, said = told_here(capsys, verb.command, BROKEN)
        assert (code, f"{BROKEN}/run.json is unreadable: " in said) == (2, True)
    code, said = told_here(capsys, status.command, GOOD)
    assert (code, said.startswith(f"{GOOD}: deleted, succeeded")) == (0, True)
    assert Run(BROKEN).get_status() == "Failed"
    assert "is unreadable" in Run(BROKEN).get_details()["message"]


def test_another_versions_record_is_not_written_over(state: Path) -> None:
    path = run_folder(state, BROKEN).path / "run.json"
    newer = json.dumps({**to_json(a_record(BROKEN)), "schema": SCHEMA + 1})
    path.write_text(newer)
    (told,) = (one for one in overview.all_statuses() if one.run == BROKEN)
    assert "another version of tfinfra wrote it" in told.message
    with pytest.raises(UsageError, match="is unreadable"):
        find_run.find_run(BROKEN)
    assert path.read_text() == newer


@EVERY
def test_what_lies_beside_the_outputs_is_named(content: bytes, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = state.parent / "runs" / GOOD
    results.mkdir(parents=True)
    (results / "run.json").write_bytes(content)
    code, said = told_here(capsys, status.command, GOOD)
    assert (code, said.startswith(f"{GOOD}: deleted, succeeded")) == (0, True)
    assert Run(GOOD).get_details()["result"] == "succeeded"
    if content not in (b"{}", CONTENTS["names that nobody knows"]) and b'{"task"' not in content[:8]:
        assert f"{GOOD}/run.json is unreadable: " in said
        assert told_here(capsys, fetch.command, GOOD)[0] == 2


@EVERY
def test_a_log_of_events_goes_on_after_a_line_that_is_none(content: bytes, tmp_path: Path) -> None:
    path, complaints = tmp_path / "events.jsonl", list[str]()
    log = AuditLog(path, iso_time, complaints.append)
    log.append("begun")
    with path.open("ab") as file:
        file.write(content.replace(b"\n", b" ") + b"\n")
    log.append("ended")
    assert [event["event"] for event in read_events(path) if "event" in event] == ["begun", "ended"]
    assert (first_broken_line(path), complaints) == (1, [])


@EVERY
def test_a_plan_that_is_none_is_missing(content: bytes, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / BROKEN)
    folder.write_deploy({"plan.json": ""})
    (folder.deploy / "plan.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"plan\.json is unreadable"):
        folder.plan()


@EVERY
def test_the_local_clouds_own_files_are_named(content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / RECORD).write_bytes(content)
    with pytest.raises(OSError, match=r"machines\.json is unreadable"):
        read_record(tmp_path)
    assert read_value(tmp_path / RECORD, ArmResource) is None
    assert "machines.json is unreadable" in caplog.text
    assert read_value(tmp_path / "nothing", Record) is None

"""What a store's own record may not say: it signals no process, names no group, keeps no run alive."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.lifecycle.attach.test_resume import found
from tests.lifecycle.attach.test_unreadable import EVIL, GOOD, Subscription, there, told
from tests.lifecycle.fakes import World, succeeding
from tests.lifecycle.record.test_record import a_record
from tfinfra.cli.runs import down, fetch, list_runs, status
from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach import attached_run, find_run
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.status import status_document
from tfinfra.lifecycle.record.driver import ClientProcess, is_alive, process_of, this_process
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.model import Beat, to_json
from tfinfra.store import encode, keys

__all__ = ["there"]
AZURE = CloudOptions("azure", None, "sub-a")


@pytest.fixture
def innocent() -> Iterator[subprocess.Popen[bytes]]:
    """A process of somebody's that has nothing to do with any run."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield child
    child.kill()
    child.wait()


def hostile(there: Subscription, **fields: Any) -> None:
    """The record in the store of the evil run, with these fields."""
    record = json.loads(there.stores[EVIL].objects[keys.RECORD])
    there.stores[EVIL].objects[keys.RECORD] = json.dumps({**record, **fields}).encode()


def test_a_process_that_a_store_names_is_not_signalled(
    there: Subscription, innocent: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    hostile(there, client=to_json(process_of(innocent.pid)), detached=False)
    code, said = told(capsys, down.command, EVIL)
    assert (code, innocent.poll()) == (0, None), said
    assert all(GOOD in group for group in there.world.groups)


FIELDS: dict[str, dict[str, Any]] = {
    "a group of others": {"attempts": [{"group": "hr-prod", "location": "x", "vm_size": "y"}]},
    "a compute group of others": {"compute_group": "hr-prod", "keep_group": "hr-keep"},
    "a compute group of another run": {"compute_group": f"tfinfra-{GOOD}-compute"},
    "a container of others": {"target": {**to_json(a_record().target), "store": "https://a.blob.core.windows.net/b"}},
    "a store elsewhere": {"store": "file:///etc", "shared": "file:///etc"},
    "another run": {"run": GOOD},
    "an end that is past": {"deadline": "1999-01-01T00:00:00Z", "keep_until": "1999-01-01T00:00:00Z"},
    "a deletion that is late": {"max_cost_usd": 0.01, "ledger": {"intervals": [
        {"group": "g", "part": "compute", "usd_per_hour": 1e6, "start": 0, "due": 1, "end": None}]}},
    "a deletion that is done": {"phase": "deleted", "result": "succeeded"},
}  # fmt: skip


@pytest.mark.parametrize("case", FIELDS)
def test_a_store_decides_neither_what_is_deleted_nor_what_is_kept(
    case: str, there: Subscription, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile(there, **FIELDS[case])
    code, said = told(capsys, down.command, EVIL)
    assert code == 0, said
    assert sorted(there.world.groups) == [f"tfinfra-{GOOD}-compute", f"tfinfra-{GOOD}-keep"]
    assert {group for group in there.world.deleted if EVIL not in group} == set()
    assert "hr-" not in said


def test_what_a_store_says_of_its_client_is_not_believed(there: Subscription) -> None:
    hostile(there, client=to_json(this_process()), owner="somebody else", results="/etc", stacks_left=["other"])
    record = find_run.find_run(EVIL, AZURE).record
    assert record is not None
    assert (record.client, record.owner, record.left, record.stacks_left) == (None, "me", (), ())
    assert record.results == str(Path.cwd() / "runs" / EVIL)


def test_a_beat_that_is_yet_to_come_keeps_no_dead_run(there: Subscription, capsys: pytest.CaptureFixture[str]) -> None:
    hostile(there, detached=False)
    for beat in (b'{"time": 1e18}', encode(Beat(time.time() + 3600))):
        there.stores[EVIL].objects[keys.WATCH] = beat
        assert not find_run.find_run(EVIL, AZURE).status.watched
    assert told(capsys, fetch.command, EVIL)[0] == 0
    assert all(GOOD in group for group in there.world.groups)


def test_a_process_is_known_for_certain() -> None:
    me = this_process()
    assert is_alive(me)
    assert not is_alive(ClientProcess(me.pid, me.started, "another-boot:7"))
    assert is_alive(ClientProcess(me.pid, psutil.Process().create_time()))
    assert not is_alive(ClientProcess(me.pid, me.started + 0.5))


# One truth


def test_a_run_that_was_fetched_in_mid_run_and_ended_is_told_as_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path)
    live = found(world, phase="running", plan_tasks=("rank-0", "rank-1"))
    for key, state in (("rank-0", "running"), ("rank-1", "succeeded")):
        world.store.put(keys.task_key(key), json.dumps({"task": key, "node": 0, "state": state}).encode())
    first = attached_run.fetch(live, tmp_path / "runs", lambda text: None)
    saved = tmp_path / "runs" / "digits-abc123" / "run.json"
    assert (first["phase"], json.loads(saved.read_text())["result"]) == ("training", None)
    attached_run.end_run(replace(live, record=live.folder.read()), lambda text: None, discard=True)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    for document in (json.loads(saved.read_text()), _json(capsys, status.command, "digits-abc123")):
        assert (document["phase"], document["result"], document["exit_code"]) == ("deleted", "cancelled", 8)
        assert [task["state"] for task in document["tasks"]] == ["stopped", "succeeded"]
    assert _json(capsys, list_runs.command)["runs"][0]["result"] == "cancelled"
    code, said = told_here(capsys, fetch.command, "digits-abc123")
    assert (code, "its outputs were never fetched" in said) == (2, True)


def test_fetch_of_a_run_that_is_deleted_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, said = World(tmp_path), list[str]()
    succeeding(world.store)
    attached_run.fetch(found(world), tmp_path / "runs", lambda text: None)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    assert (
        attached_run.fetch(find_run.find_run("digits-abc123"), tmp_path / "runs", said.append)["result"] == "succeeded"
    )
    assert said == ["digits-abc123 is deleted: its outputs were fetched before"]


def test_a_terminal_that_closes_ends_no_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be deleting what it has brought."""

    def closing(run: object, folder: Path, progress: object) -> dict[str, object]:
        os.kill(os.getpid(), signal.SIGHUP)
        return {"run": "digits-abc123", "result": "succeeded", "phase": "deleted", "results": str(folder)}

    monkeypatch.setattr(find_run, "find_run", lambda *_, **__: None)
    monkeypatch.setattr(attached_run, "fetch", closing)
    ended: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, frame: ended.append(number))
    try:
        assert told_here(capsys, fetch.command, "digits-abc123")[0] == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert ended == []


def test_a_run_json_that_is_another_runs_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    folder = run_folder(tmp_path / "state", "digits-abc123")
    folder.write(a_record(phase="deleted", result="succeeded", results=str(tmp_path)))
    for text, why in (('{"run": "other-abc123"}', "it is not this run's"), ("[]", "it is a list"), ("{", "not JSON")):
        (tmp_path / "run.json").write_text(text)
        document = status_document(find_run.find_run("digits-abc123"))
        assert (document["result"], len(document["unreadable"])) == ("succeeded", 1)
        assert why in document["unreadable"][0]


TAMPERED: dict[str, tuple[dict[str, Any], str]] = {
    "another run's task": ({"tasks": [{"task": "chief-0", "node": 0, "state": "failed"}]}, "it is not this run's"),
    "a task that is a path": ({"tasks": [{"task": "../../etc", "node": 0, "state": "failed"}]}, "tasks[0].task"),
    "a task in a state that there is not": ({"tasks": [{"task": "rank-0", "node": 0, "state": "fine"}]}, "state"),
    "tasks that are none": ({"tasks": "all"}, "tasks"),
    "a node with an address that is none": ({"nodes": [{"node_id": "n0", "address": "x"}]}, "nodes[0]"),
    "left files of a task that is a path": ({"left_files": [{"task": "../x", "places": []}]}, "left_files[0].task"),
    "an exit code that is a text": ({"exit_code": "0; rm -rf /"}, "exit_code"),
    "a result that there is not": ({"result": "fine"}, "result"),
    "a task that failed and is another run's": ({"task": "worker-3"}, "it is not this run's"),
    "another document": ({"document": "plan"}, "it is not this run's"),
}


@pytest.mark.parametrize(("fields", "why"), TAMPERED.values(), ids=TAMPERED)
def test_a_run_json_that_somebody_changed_is_named_and_not_passed_on(
    fields: dict[str, Any], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    folder = run_folder(tmp_path / "state", "digits-abc123")
    folder.write(a_record(phase="deleted", result="succeeded", fetched=True, results=str(tmp_path)))
    (tmp_path / "run.json").write_text(json.dumps({"run": "digits-abc123", **fields}))
    run = find_run.find_run("digits-abc123")
    document = status_document(run)
    assert (document["result"], document["tasks"], len(document["unreadable"])) == ("succeeded", [], 1)
    assert why in document["unreadable"][0]
    with pytest.raises(UsageError, match=r"run\.json is unreadable"):
        attached_run.fetch(run, tmp_path / "runs", lambda text: None)


@pytest.mark.parametrize("moment", [1010.5, "1970-01-01T00:16:50.500Z"], ids=["an earlier release", "this one"])
def test_the_moments_of_a_run_json_are_read_in_both_forms(
    moment: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    folder = run_folder(tmp_path / "state", "digits-abc123")
    folder.write(a_record(phase="deleted", result="succeeded", fetched=True, results=str(tmp_path)))
    task = {"task": "rank-0", "node": 0, "state": "succeeded", "started": moment, "ended": None}
    (tmp_path / "run.json").write_text(json.dumps({"run": "digits-abc123", "tasks": [task]}))
    (told,) = status_document(find_run.find_run("digits-abc123"))["tasks"]
    assert (told["started"], told["ended"]) == (1010.5, None)


def test_what_a_run_json_says_besides_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    folder = run_folder(tmp_path / "state", "digits-abc123")
    folder.write(a_record(phase="deleted", result="succeeded", fetched=True, results=str(tmp_path)))
    saved = {"name": "other", "cloud": "mars", "usd": -1, "wings": 2, "left": ["../x"], "deadline": 7, "state": []}
    (tmp_path / "run.json").write_text(json.dumps(saved))
    document = status_document(find_run.find_run("digits-abc123"))
    assert (document["name"], document["cloud"], document["left"], document["unreadable"]) == (
        "digits",
        "local",
        [],
        [],
    )
    assert (document["deadline"], "wings" in document) == (a_record().deadline, False)


def told_here(capsys: pytest.CaptureFixture[str], command: Any, *words: str) -> tuple[int, str]:
    from tfinfra.errors import TfinfraError

    try:
        code = command.main([*words], standalone_mode=False)
    except TfinfraError as error:
        return error.exit_code, error.message
    said = capsys.readouterr()
    return code, said.out + said.err


def _json(capsys: pytest.CaptureFixture[str], command: Any, *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert command.main([*words, "--json"], standalone_mode=False) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document

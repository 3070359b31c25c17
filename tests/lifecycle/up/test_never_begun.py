"""A run that came to nothing before it touched a cloud: refused, or its process killed while it prepared. No cloud is
asked for what was never made, no verb takes it for a live run, and each says why there is nothing to bring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.lifecycle.fake_effects import FakePulumi
from tests.lifecycle.fakes import TARGET, World
from tests.lifecycle.record.test_record import a_record
from tests.lifecycle.runs import log_texts
from tfinfra.errors import NotFeasible, ProvisioningError, UsageError
from tfinfra.lifecycle.attach import attached_run, find_run, overview, status
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.end_runs import EndedRun, end_named_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.driver import this_process
from tfinfra.lifecycle.record.run_record import RunRecord, all_records, run_folder
from tfinfra.machine import doctor

DEAD = replace(this_process(), started=1.0, mark="another-boot:1")
AZURE = replace(TARGET, name="azure", cloud="azure", subscription_id="sub-a")
KILLED, REFUSED, LIVE = "digits-killed", "digits-refuse", "digits-alive1"
WHY = {KILLED: "the process that drove it died while it prepared", REFUSED: "no such package"}
HINTS = {KILLED: None, REFUSED: "name another"}


def starting(run: str = KILLED, **changes: Any) -> RunRecord:
    """What is on disk of a run on Azure that has touched nothing so far."""
    return a_record(run, phase="starting", target=AZURE, attempts=(), **{"client": DEAD, **changes})


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of a machine with a killed and a refused run; no cloud of theirs answers."""
    state = tmp_path / "state"
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(state))
    monkeypatch.chdir(tmp_path)
    for module in (find_run, overview):
        monkeypatch.setattr(module, "cloud_of", _offline)
    run_folder(state, KILLED).write(starting())
    refused: dict[str, Any] = {
        "result": "error",
        "exit_code": 6,
        "message": WHY[REFUSED],
        "hint": HINTS[REFUSED],
        "phase": "deleted",
        "client": None,
    }
    run_folder(state, REFUSED).write(replace(starting(REFUSED), **refused))
    return state


def _offline(*asked: Any) -> Any:
    raise ProvisioningError("the cloud does not answer")


PHASES = {
    "it starts and its process lives": (starting(client=this_process()), "starting"),
    "it starts and its process has died": (starting(), "deleted"),
    "it starts and nobody drives it": (starting(client=None), "deleted"),
    "it makes its groups and its process has died": (a_record(phase="provisioning", client=DEAD), "provisioning"),
    "it trains and its process has died": (a_record(phase="running", client=DEAD), "running"),
}


@pytest.mark.parametrize(("record", "phase"), PHASES.values(), ids=PHASES)
def test_only_of_a_run_that_starts_a_dead_process_says_that_nothing_was_made(
    record: RunRecord, phase: str, tmp_path: Path
) -> None:
    run_folder(tmp_path, record.run).write(record)
    read = run_folder(tmp_path, record.run).read()
    assert read is not None
    assert (read.phase, read.came_to_nothing) == (phase, phase == "deleted")


def test_runs_and_doctor_tell_of_nothing_that_is_left(state: Path) -> None:
    states = {s.run: s for s in overview.all_statuses()}
    assert {(s.state, s.result, s.groups, s.usd_per_hour) for s in states.values()} == {("deleted", "error", (), 0)}
    assert {run: s.message for run, s in states.items()} == WHY
    assert [finding.text for finding in doctor._leftovers()] == ["nothing is left of any run"]


def test_its_name_is_that_of_the_live_run(state: Path) -> None:
    run_folder(state, LIVE).write(starting(LIVE, client=this_process()))
    assert find_run._by_record("digits", all_records(state), state, ended=False) == LIVE


def test_status_says_why_and_calls_nothing_provisioned(state: Path) -> None:
    document = status.status_document(find_run.find_run(KILLED))
    told = (document["phase"], document["result"], document["exit_code"], document["message"])
    assert told == ("deleted", "error", 1, WHY[KILLED])
    assert document["state"]["state"] == "deleted"


def test_down_has_nothing_to_do(state: Path) -> None:
    said: list[str] = []
    assert end_named_run(KILLED, CloudOptions(), said.append) == EndedRun(KILLED, {})
    assert said == [f"{KILLED}: everything was deleted before"]


VERBS: dict[str, Callable[[FoundRun], Any]] = {
    "logs": lambda found: log_texts(found, None, follow=True),
    "fetch": lambda found: attached_run.fetch(found, Path("runs"), lambda text: None),
}


@pytest.mark.parametrize("run", WHY)
@pytest.mark.parametrize("verb", VERBS)
def test_there_never_was_anything_to_bring(verb: str, run: str, state: Path) -> None:
    with pytest.raises(UsageError) as raised:
        VERBS[verb](find_run.find_run(run))
    assert raised.value.message == f"{run} came to nothing before it touched a cloud: {WHY[run]}"
    assert raised.value.hint == HINTS[run]


def test_the_stacks_of_a_killed_run_in_a_backend_of_the_users_own_are_dropped_by_down(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///elsewhere")
    run_folder(state, KILLED).write(starting(backend="file:///elsewhere"))
    world = World(state.parent)
    monkeypatch.setattr(find_run, "cloud_of", lambda record: world.cloud())
    monkeypatch.setattr(find_run, "real_ports", lambda *asked: world.ports())
    pulumi = FakePulumi(monkeypatch)
    end_named_run(KILLED, CloudOptions(), lambda text: None)
    assert sorted(pulumi.dropped) == [f"{KILLED}-compute", f"{KILLED}-keep"]
    record = run_folder(state, KILLED).read()
    assert record is not None
    assert (record.phase, record.stacks_left, record.message) == ("deleted", (), WHY[KILLED])


def test_the_stacks_of_a_refused_run_in_a_backend_of_the_users_own_are_known_to_down(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///elsewhere")
    world = World(state.parent)
    refused = world.new_run()
    monkeypatch.setattr(refused, "_prepare", _refuse)
    with pytest.raises(NotFeasible):
        refused.go()
    record = run_folder(state, refused.run).read()
    assert record is not None
    assert (record.phase, record.stacks_left) == ("deleted", (f"{refused.run}-keep", f"{refused.run}-compute"))


def _refuse(requirements: object) -> NoReturn:
    raise NotFeasible("no package index answers")

"""A run that is waited for: from its own machine, and from one that shares nothing with it but the cloud."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.clocks import FakeClock
from tests.lifecycle.attach.test_resume import GROUPS, found
from tests.lifecycle.fakes import World, differing, failing, succeeding, training
from tests.lifecycle.record import test_another_machines_run as another
from tests.lifecycle.record.test_another_machines_run import AZURE, RUN
from tests.lifecycle.record.test_record import a_record
from tfinfra.errors import CredentialsError, ProvisioningError, Result, UsageError
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.awaiting.awaited_run import AwaitedRun, Waited, wait_for_end
from tfinfra.lifecycle.record.driver import ClientProcess, this_process
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.model import Outcome, TaskStatus, to_json
from tfinfra.store import keys
from tfinfra.system.clock import iso_time

second = another.second  # fixture
Step = Callable[[World], object]
CANCELLED = Outcome(Result.CANCELLED, "Ctrl-C ended the run", ended=7.0)
HOME = "home"


class Script(FakeClock):
    """Time, in which something happens at each sleep."""

    def __init__(self, world: World, *steps: Step) -> None:
        super().__init__()
        self._world, self._steps = world, list(steps)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self._steps:
            self._steps.pop(0)(self._world)


def left_by_its_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nodes: Callable[[Any], None]) -> World:
    world = another.left_by_its_client(tmp_path, monkeypatch, nodes)
    world.store.put(keys.node_key("a"), b"{}")
    return world


def nothing(world: World) -> None:
    """It goes on."""


def beats(world: World, age: float = 0.0) -> None:
    world.store.put(keys.WATCH, json.dumps({"time": time.time() - age}).encode())


def ends(world: World, outcome: Outcome = CANCELLED, collected: bool = True) -> None:
    world.store.put(keys.OUTCOME, json.dumps(to_json(outcome)).encode())
    if collected:
        world.store.put(keys.COLLECTED, b'{"files": 0}')


def is_deleted(world: World) -> None:
    world.groups.clear()
    world.store = type(world.store)()


def driven_elsewhere(world: World) -> None:
    """Its client says in the store that it drives it."""
    public = json.loads(world.store.get(keys.RECORD) or b"")
    world.store.put(keys.RECORD, json.dumps({**public, "detached": False}).encode())
    beats(world)


def waited(world: World, *steps: Step, timeout: float | None = 600.0) -> tuple[Waited, list[str]]:
    said: list[str] = []
    return wait_for_end("digits", AZURE, timeout, said.append, Script(world, *steps)), said


Expected = tuple[int, "Result | None", str]
ENDS: dict[str, tuple[Callable[[Any], None], tuple[Step, ...], Expected]] = {
    "it has ended well": (succeeding, (), (0, Result.SUCCEEDED, "ended")),
    "it has failed": (failing, (), (7, Result.FAILED, "ended")),
    "a node was not what its lock says": (differing, (), (11, Result.ERROR, "ended")),
    "it ends meanwhile": (training, (nothing, nothing, ends), (8, Result.CANCELLED, "ended")),
    "it collects yet": (
        training,
        (lambda w: ends(w, collected=False), nothing, nothing, ends),
        (8, Result.CANCELLED, "ended"),
    ),
    "its machines die": (training, (lambda w: setattr(w, "running", 0),), (7, Result.FAILED, "ended")),
    "it was cancelled and is gone": (
        training,
        (lambda w: ends(w, collected=False), nothing, is_deleted),
        (8, Result.CANCELLED, "deleted"),
    ),
    "nobody sees how it ends": (training, (is_deleted,), (6, None, "deleted")),
}


@pytest.mark.parametrize("sentence", ENDS)
def test_a_run_without_a_client_gives_its_own_exit_code(
    sentence: str, tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, steps, expected = ENDS[sentence]
    world = left_by_its_client(tmp_path, monkeypatch, nodes)
    result, _ = waited(world, *steps)
    assert result.end is not None
    assert (result.exit_code, result.end.result, result.end.state) == expected
    assert world.deleted == []
    assert not (tmp_path / "second-state" / "runs").exists()


def test_where_only_the_waiting_ends_the_exit_code_is_its_own(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, training)
    result, said = waited(world, timeout=45.0)
    assert (result.exit_code, result.end, result.seconds) == (12, None, 45.0)
    assert result.document() == {
        "run": RUN,
        "ended": False,
        "state": "training",
        "exit_code": 12,
        "result": None,
        "message": "",
        "hint": None,
        "results": None,
        "groups": [],
        "kept_until": None,
        "seconds": 45.0,
    }
    assert said[-1] == f"{RUN}: training, 1 task running"
    assert said.count(said[-1]) == 1
    assert len(world.groups) == 2


def test_it_is_told_again_now_and_then_that_a_run_goes_on(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, training)
    _, said = waited(world, timeout=1000.0)
    assert said.count(f"{RUN}: training, 1 task running") == 4


SINCE: dict[str, tuple[float, str]] = {
    "less than the last time": (1200.0, "for 20 min; about 2 h, as last time"),
    "more than the last time": (10800.0, "for 3 h; longer than last time (2 h)"),
}


@pytest.mark.parametrize(("passed", "told"), SINCE.values(), ids=SINCE)
@pytest.mark.parametrize("noted", [True, False])
def test_how_long_it_trained_stands_beside_how_long_it_took_the_last_time(
    passed: float, told: str, noted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = float(int(time.time()))  # as an event's time has it
    monkeypatch.setattr("tfinfra.lifecycle.awaiting.awaited_run.right_now", lambda: now)
    world, clock = World(tmp_path), FakeClock()
    training(world.store)
    run = found(world, phase="running")
    before = a_record("digits-zzzzzz", phase="deleted", result="succeeded", times={"train_seconds": 7200.0})
    run_folder(tmp_path / "state", "digits-zzzzzz").write(before)
    if noted:
        run.folder.audit.path.write_text(json.dumps({"event": "train.begin", "time": iso_time(now - passed)}))
    else:
        task = TaskStatus("rank-0", 0, "running", started=now - passed)
        world.store.put(keys.task_key("rank-0"), json.dumps(to_json(task)).encode())
    awaited, said = looks(run, clock)
    for _ in range(3):  # the time that passes is nothing new
        assert awaited.look() is None
        clock.sleep(60.0)
    assert said == [f"{RUN}: training, 1 task running ({told})"]


def test_a_timeout_of_nothing_asks_once(tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, succeeding)
    assert waited(world, timeout=0.0)[0].exit_code == 0


def test_a_run_that_a_client_drives_elsewhere_is_over_once_it_is_deleted(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, training)
    driven_elsewhere(world)
    result, _ = waited(world, ends, nothing, timeout=30.0)
    assert (result.exit_code, result.state) == (12, "ended")
    result, _ = waited(world, nothing, is_deleted)
    assert result.end is not None
    assert (result.exit_code, result.end.state, result.end.groups) == (8, "deleted", ())


def test_a_client_elsewhere_that_beats_no_more_is_waited_for_no_longer(
    tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = left_by_its_client(tmp_path, monkeypatch, succeeding)
    driven_elsewhere(world)
    result, _ = waited(world, nothing, lambda w: beats(w, age=60.0))
    assert result.end is not None
    assert (result.exit_code, len(result.end.groups)) == (0, 2)


def test_a_run_that_nobody_knows_is_a_wrong_name(tmp_path: Path, second: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left_by_its_client(tmp_path, monkeypatch, training)
    with pytest.raises(UsageError, match="there is no run 'words'"):
        wait_for_end("words", AZURE, None, lambda text: None)


DEAD = ClientProcess(2**22, 1.0)
RECORDED: dict[str, tuple[dict[str, Any], int, str | None]] = {
    "its client has deleted it": (
        {"phase": "deleted", "result": "succeeded", "exit_code": 0, "fetched": True},
        0,
        None,
    ),
    "its client could not delete all of it": (
        {"phase": "incomplete", "result": "succeeded", "exit_code": 10, "left": ("a-group",)},
        10,
        "a-group",
    ),
    "its client died while it deleted it": (
        {"phase": "ended", "result": "limit", "exit_code": 9, "client": DEAD},
        9,
        None,
    ),
    "its client died before there were nodes": (
        {"phase": "provisioning", "client": DEAD},
        6,
        "died while it provisioned",
    ),
    "others deleted it, and it was never known how it ended": ({"phase": "deleted"}, 6, "how it ended is not known"),
}


def looks(run: FoundRun, clock: FakeClock) -> tuple[AwaitedRun, list[str]]:
    said: list[str] = []
    return AwaitedRun(run, clock, said.append), said


@pytest.mark.parametrize(("record", "code", "told"), RECORDED.values(), ids=RECORDED)
def test_on_its_own_machine_the_record_says_how_it_ended(
    record: dict[str, Any], code: int, told: str | None, tmp_path: Path
) -> None:
    world = World(tmp_path)
    awaited, _ = looks(found(world, groups=() if record["phase"] == "deleted" else GROUPS, **record), FakeClock())
    end = awaited.look()
    assert end is not None
    assert end.exit_code == code
    assert told is None or told in end.message
    assert (end.results is not None) == record.get("fetched", False)


def test_a_client_of_this_machine_is_waited_for_until_it_has_written_everything(tmp_path: Path) -> None:
    world = World(tmp_path)
    succeeding(world.store)
    run = found(world, phase="running", client=this_process())
    awaited, said = looks(run, FakeClock())
    folder = run_folder(tmp_path / "state", RUN)
    assert awaited.look() is None
    folder.update(phase="deleted", result="succeeded", exit_code=0)
    assert awaited.look() is None
    folder.update(client=None)
    end = awaited.look()
    assert end is not None
    assert end.exit_code == 0
    assert said == [f"{RUN}: training", f"{RUN}: deleted"]


def test_a_client_that_dies_meanwhile_leaves_the_word_to_the_nodes(tmp_path: Path) -> None:
    world = World(tmp_path)
    training(world.store)
    awaited, _ = looks(found(world, phase="running", client=this_process()), FakeClock())
    assert awaited.look() is None
    run_folder(tmp_path / "state", RUN).update(client=DEAD)
    assert awaited.look() is None
    ends(world)
    end = awaited.look()
    assert end is not None
    assert end.exit_code == 8


def test_a_cloud_that_does_not_answer_is_asked_again_for_ten_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, clock = World(tmp_path), FakeClock()
    training(world.store)
    awaited, said = looks(found(world, phase="running"), clock)
    assert awaited.look() is None
    monkeypatch.setattr(world.store, "get", lambda key: _raise(OSError("no route")))
    clock.sleep(590.0)
    assert awaited.look() is None
    assert said[-1].startswith(f"warning: {RUN} cannot be looked at, trying again:")
    clock.sleep(20.0)
    with pytest.raises(ProvisioningError, match="no route; the run goes on"):
        awaited.look()


def test_a_caller_without_a_token_is_told_so_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    training(world.store)
    run = replace(found(world, phase="running"))
    monkeypatch.setattr(world.arm, "groups", lambda: _raise(CredentialsError("no token", hint="sign in")))
    awaited, _ = looks(run, FakeClock())
    with pytest.raises(CredentialsError, match="no token; the run goes on") as raised:
        awaited.look()
    assert raised.value.details == {"run": RUN}


def _raise(error: Exception) -> Any:
    raise error

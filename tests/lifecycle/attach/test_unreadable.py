"""Every verb, with every record of a run's store missing or hostile: it names the record, goes on with the others, and
the groups are deleted by what ARM says alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fakes import World, a_plan, succeeding
from tests.lifecycle.hostile import CONTENTS, FEW_WRONG, wrong_fields
from tests.lifecycle.record.test_record import a_record
from tfinfra.azure.deletion.group_names import run_of_group
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.cli.runs import down, fetch, list_runs, logs, status
from tfinfra.errors import TfinfraError
from tfinfra.lifecycle.attach import find_run, overview
from tfinfra.lifecycle.record.in_store.published import publish
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.model import Heartbeat, Inventory, NodeRegistration, to_json
from tfinfra.store import MemoryStore, keys

EVIL, GOOD = "aaa-abc123", "zzz-abc123"
PAST = "2020-01-01T00:00:00Z"
AZURE = ["--cloud", "azure", "--subscription", "sub-a"]
NODE = NodeRegistration("n0", "node-0", "10.0.0.4", None, 2222, 2, 0)
TOLD_BY_RUNS = (keys.RECORD, keys.PLAN, keys.OUTCOME)
TOLD_BY_STATUS = (*TOLD_BY_RUNS, keys.COLLECTED, keys.INVENTORY, "tasks/rank-0.json", "tasks/evil.json")
KEYS = (
    *TOLD_BY_STATUS,
    *(keys.WATCH, keys.STOP, keys.KEEP, keys.DATA, keys.SECRETS, keys.RESUMED),
    *("heartbeats/n0.json", "nodes/n0.json", "boot/n0.json", "logs/rank-0/00000000.log"),
)


def a_store(run: str) -> MemoryStore:
    """What a run that has ended leaves."""
    store = MemoryStore()
    publish(store, a_record(run, detached=True), a_plan())
    succeeding(store)
    for key, value in (
        (keys.INVENTORY, Inventory((NODE,))),
        ("nodes/n0.json", NODE),
        ("heartbeats/n0.json", Heartbeat("n0", 1, 5.0, "training")),
    ):
        store.put(key, json.dumps(to_json(value)).encode())
    return store


WHOLE = a_store(EVIL).objects


@dataclass
class Subscription:
    """Two expired runs whose client has gone: one with a store that somebody has written to, and an innocent one."""

    world: World
    stores: dict[str, MemoryStore]

    def ports(self) -> Ports:
        return replace(
            self.world.ports(), open_store=lambda url: next(store for run, store in self.stores.items() if run in url)
        )


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subscription]:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    world = World(tmp_path)
    world.groups = {f"tfinfra-{run}-{part}": {} for run in (EVIL, GOOD) for part in ("keep", "compute")}
    world.running = 0
    here = Subscription(world, {run: a_store(run) for run in (EVIL, GOOD)})

    def groups() -> tuple[RunGroup, ...]:
        return tuple(RunGroup(name, run_of_group(name) or "", PAST, "me") for name in world.groups)

    monkeypatch.setattr(world.arm, "groups", groups)
    monkeypatch.setattr(world.arm, "store_of", lambda group: f"file:///{group}")
    monkeypatch.setattr(find_run, "ports_at", lambda place: here.ports())
    monkeypatch.setattr("tfinfra.lifecycle.attach.living.soon", lambda listing: 0.0)
    yield here


def told(capsys: pytest.CaptureFixture[str], command: Any, *words: str) -> tuple[int, str]:
    """The exit code of a verb, and all that it printed."""
    try:
        code = command.main([*words, *AZURE], standalone_mode=False)
    except TfinfraError as error:
        code, said = error.exit_code, capsys.readouterr()
        return code, said.out + said.err + error.message
    said = capsys.readouterr()
    return code, said.out + said.err


FEW = ("nothing", "half of one", "a list", "a list of objects", "null", "an empty object", "brackets", "a huge number")
CASES = [(key, name) for key in KEYS for name in ("missing", *FEW)] + [("tasks/evil.json", name) for name in CONTENTS]


@pytest.mark.parametrize(("key", "name"), CASES, ids=[f"{key}: {name}" for key, name in CASES])
def test_one_record_of_one_run_stops_no_verb_and_no_other_run(
    key: str, name: str, there: Subscription, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store = there.stores[EVIL]
    store.objects.pop(key, None)
    if name != "missing":
        store.objects[key] = CONTENTS[name]
    told_of = {} if name == "missing" else {list_runs: key in TOLD_BY_RUNS, status: key in TOLD_BY_STATUS}
    for verb, words in ((list_runs, ()), (status, (EVIL,)), (logs, (EVIL,))):
        code, said = told(capsys, verb.command, *words)
        assert code == 0, said
        if told_of.get(verb):
            assert f"{key} is unreadable: " in said
    assert GOOD in told(capsys, list_runs.command)[1]
    code, said = told(capsys, fetch.command, EVIL)
    assert code == 0, said
    assert (tmp_path / "runs" / EVIL / "outputs" / "model" / "weights.h5").read_bytes() == b"weights"
    code, said = told(capsys, down.command, "--expired", "--yes")
    assert (code, there.world.groups) == (0, {}), said


def test_down_says_that_how_a_run_ended_cannot_be_read(there: Subscription, capsys: pytest.CaptureFixture[str]) -> None:
    there.stores[EVIL].objects[keys.OUTCOME] = b"{"
    code, said = told(capsys, down.command, EVIL)
    assert code == 0, said
    assert f"warning: how it ended is not known: {keys.OUTCOME} is unreadable: " in said


FIELDS = [
    (key, done, data)
    for key in (keys.RECORD, keys.OUTCOME, "tasks/rank-0.json")
    for done, data in wrong_fields(json.loads(WHOLE[key]), FEW_WRONG)
]


@pytest.mark.parametrize("key", sorted({key for key, _, _ in FIELDS}))
def test_no_field_of_a_record_decides_what_happens_to_others(
    key: str, there: Subscription, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = dict(there.world.groups)
    for _, done, data in (case for case in FIELDS if case[0] == key):
        there.world.groups = dict(groups)
        there.stores[EVIL] = a_store(EVIL)
        there.stores[EVIL].objects[key] = data
        code, said = told(capsys, status.command, EVIL)
        assert code == 0, (done, said)
        code, said = told(capsys, list_runs.command)
        assert (code, GOOD in said, "cannot be told" in said) == (0, True, False), (done, said)
        code, said = told(capsys, down.command, "--expired", "--yes")
        assert (code, there.world.groups) == (0, {}), (done, said)


def test_a_run_that_hides_behind_its_record_is_ended_by_down_all(
    there: Subscription, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = {**json.loads(WHOLE[keys.RECORD]), "phase": "deleted", "owner": "somebody else"}
    there.stores[EVIL].objects[keys.RECORD] = json.dumps(hidden).encode()
    assert {state.state for state in overview.statuses_at(there.ports, [])} == {"ended"}
    code, said = told(capsys, down.command, "--all", "--yes")
    assert (code, there.world.groups) == (0, {}), said


def test_one_run_that_cannot_be_deleted_keeps_no_other(
    there: Subscription, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = there.world.delete_group
    monkeypatch.setattr(there.world, "delete_group", lambda group: _refused() if EVIL in group else delete(group))
    code, said = told(capsys, down.command, "--expired", "--yes")
    assert (code, "KeyError" in said or "a fault" in said) == (10, True)
    assert set(there.world.groups) == {f"tfinfra-{EVIL}-{part}" for part in ("keep", "compute")}


def _refused() -> None:
    raise KeyError("a fault of ours")


def test_a_live_run_names_what_it_cannot_read_and_ends_well(tmp_path: Path) -> None:
    def nodes(store: MemoryStore) -> None:
        store.put("tasks/evil.json", b"[]")
        succeeding(store)

    world = World(tmp_path, nodes)
    assert world.new_run().go().error is None
    document = json.loads((tmp_path / "runs" / "digits-abc123" / "run.json").read_text())
    why = "tasks/evil.json is unreadable: it is a list, not an object"
    assert (document["result"], document["unreadable"]) == ("succeeded", [why])
    assert f"say warning: {why}" in world.observer.lines

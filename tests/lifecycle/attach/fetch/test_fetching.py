"""`down` and `fetch` of a run whose client has gone: compute first, then the outputs come home, then the keep group."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.attach.test_resume import RUN, found
from tests.lifecycle.fakes import World, succeeding, training
from tests.lifecycle.runs import COMPUTE, KEEP
from tfinfra.cli.runs.status import status_lines
from tfinfra.errors import CredentialsError, ProvisioningError, Result, TeardownIncomplete, TfinfraError
from tfinfra.lifecycle.attach import attached_run, find_run
from tfinfra.lifecycle.attach.fetch import collection
from tfinfra.lifecycle.attach.status import status_document
from tfinfra.model import Heartbeat, Outcome, TaskStatus, to_json
from tfinfra.store import Unreadable, keys


def quiet(text: str) -> None:
    del text


def watched_order(world: World, home: Path) -> list[tuple[str, bool]]:
    """What is deleted, each with whether the outputs were at home then."""
    order: list[tuple[str, bool]] = []
    delete = world.delete_group

    def note(group: str) -> None:
        order.append((group, (home / "outputs/model/weights.h5").exists()))
        delete(group)

    world.delete_group = note  # type: ignore[method-assign]
    return order


def test_down_deletes_what_costs_then_fetches_then_deletes_the_rest(tmp_path: Path) -> None:
    world = World(tmp_path)
    succeeding(world.store)
    order = watched_order(world, tmp_path / "elsewhere")
    said: list[str] = []
    attached_run.end_run(found(world, phase="running", detached=True), said.append)
    assert order == [(COMPUTE, False), (KEEP, True)]
    assert any(text.startswith("1 file and 2 logs in ") for text in said)
    assert json.loads((tmp_path / "elsewhere/run.json").read_text())["phase"] == "deleted"


def test_down_of_a_detached_run_that_trains_lets_its_nodes_collect(tmp_path: Path) -> None:
    world = World(tmp_path)
    training(world.store)

    def nodes_obey() -> None:
        while world.store.get(keys.STOP) is None:
            time.sleep(0.01)
        succeeding(world.store)

    threading.Thread(target=nodes_obey, daemon=True).start()
    order, said = watched_order(world, tmp_path / "elsewhere"), list[str]()
    attached_run.end_run(found(world, phase="running", detached=True), said.append)
    assert order[-1] == (KEEP, True)
    assert any("it still trains" in text for text in said)


def unplaceable(world: World) -> None:
    succeeding(world.store)
    world.store.put("outputs/outputs/%2e%2e/escape", b"x")


@pytest.mark.parametrize("verb", ["down", "fetch"])
def test_what_cannot_come_home_keeps_its_group_until_it_is_given_up(verb: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    unplaceable(world)
    run = found(world, phase="running", detached=True)
    with pytest.raises(TeardownIncomplete, match="did not all come home: 1 file") as raised:
        attached_run.end_run(run, quiet) if verb == "down" else attached_run.fetch(run, tmp_path / "runs", quiet)
    assert f"`tfinfra down --discard {RUN}`" in str(raised.value.hint)
    assert [*world.groups] == [KEEP]
    record = run.folder.read()
    assert record is not None and not record.fetched and record.not_collected is not None
    attached_run.end_run(run, quiet, discard=True)
    assert world.groups == {}


def test_down_does_not_fetch_again_what_is_at_home(tmp_path: Path) -> None:
    world = World(tmp_path)
    unplaceable(world)
    attached_run.end_run(found(world, phase="incomplete", fetched=True), quiet)
    assert world.groups == {}


def test_down_of_a_run_that_left_nothing_makes_no_folder(tmp_path: Path) -> None:
    world = World(tmp_path)
    attached_run.end_run(found(world, phase="running", detached=True), quiet)
    assert world.groups == {} and not (tmp_path / "elsewhere").exists()


def test_down_fetches_from_a_store_that_tells_nothing_of_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    world = World(tmp_path)
    succeeding(world.store)
    monkeypatch.chdir(tmp_path)
    attached_run.end_run(replace(found(world, record=False), store=world.store), quiet)
    assert (tmp_path / "runs" / RUN / "outputs/model/weights.h5").exists()
    assert world.groups == {}


def test_down_puts_the_run_json_of_a_fetch_in_mid_run_right(tmp_path: Path) -> None:
    world = World(tmp_path)
    training(world.store)
    run, said = found(world, phase="running", detached=True), list[str]()
    attached_run.fetch(run, tmp_path / "runs", said.append)
    assert not any("not collected" in text for text in said)
    saved = tmp_path / "runs" / RUN / "run.json"
    assert json.loads(saved.read_text())["result"] is None
    world.running = 0
    attached_run.end_run(run, quiet)
    document = json.loads(saved.read_text())
    assert (document["phase"], document["result"]) == ("deleted", "cancelled")


def cut_off(world: World) -> None:
    """The nodes have gone after one of three files."""
    world.running = 0
    training(world.store)
    names = {keys.output_key("outputs", f"f{i}"): 1 for i in range(3)}
    world.store.put(next(iter(names)), b"x")
    world.store.put(keys.COLLECTING, json.dumps({"files": 3, "bytes": 3, "names": names}).encode())


def test_down_keeps_what_up_keeps_until_a_fetch_has_told_what_is_lost(tmp_path: Path) -> None:
    world = World(tmp_path)
    cut_off(world)
    run = found(world, phase="running", detached=True)
    for _ in range(2):
        with pytest.raises(TeardownIncomplete, match="did not all come home: 2 files") as raised:
            attached_run.end_run(run, quiet)
        assert f"`tfinfra fetch {RUN}`" in str(raised.value.hint)
        assert [*world.groups] == [KEEP]
    world.store.put(keys.OUTCOME, json.dumps(to_json(Outcome(Result.FAILED, "lost", ended=1.0))).encode())
    attached_run.fetch(found(world, phase="incomplete"), tmp_path / "runs", quiet)
    assert world.groups == {}


def test_fetch_after_the_nodes_end_brings_what_there_is_and_deletes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing more can come once the machines are gone: what is lost is named, and costs no more."""
    world = World(tmp_path)
    cut_off(world)
    ended = Outcome(Result.FAILED, "lost", ended=1.0)
    world.store.put(keys.OUTCOME, json.dumps(to_json(ended)).encode())
    said: list[str] = []
    document: dict[str, Any] = attached_run.fetch(found(world, phase="running"), tmp_path / "runs", said.append)
    assert document["not_collected"]["files"] == 2 and document["phase"] == "deleted"
    assert world.groups == {}
    assert sum("not collected: 2 files" in text for text in said) == 1
    saved = json.loads((tmp_path / "runs" / RUN / "run.json").read_text())
    assert document["left"] == saved["left"] == []
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    gone, again = find_run.find_run(RUN), list[str]()
    attached_run.fetch(gone, tmp_path / "runs", again.append)
    missing = "not collected: 2 files"
    assert [text.removeprefix("warning: ").startswith(missing) for text in again] == [False, True]
    assert any(line.strip().startswith(missing) for line in status_lines(status_document(gone), 0.0))


def collecting(world: World, beats: Callable[[int], object]) -> None:
    """The tasks have ended, and the node beats as it brings what they wrote; `beats` runs before each beat."""
    world.store.put(keys.log_key("rank-0", 0), b"step 1\n")
    world.store.put(keys.TASKS + "/rank-0.json", json.dumps(to_json(TaskStatus("rank-0", 0, "succeeded"))).encode())
    outcome = Outcome(Result.SUCCEEDED, "all ranks ended with 0", ended=time.time())
    world.store.put(keys.OUTCOME, json.dumps(to_json(outcome)).encode())

    def live() -> None:
        for n in range(40):
            beats(n)
            beat = Heartbeat("n0", n, 0.0, "ended")
            world.store.put(keys.heartbeat_key("n0"), json.dumps(to_json(beat)).encode())
            time.sleep(0.02)

    threading.Thread(target=live, daemon=True).start()


def test_fetch_waits_for_nodes_that_only_collect_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "LOOK", 0.02)
    world = World(tmp_path)
    collecting(world, lambda n: succeeding(world.store) if n == 10 else None)
    said = list[str]()
    document = attached_run.fetch(found(world, phase="running", detached=True), tmp_path / "runs", said.append)
    assert said[0].startswith("waiting for the outputs to be in the store, ")
    assert not any("still" in text for text in said)
    assert (tmp_path / "runs" / RUN / "outputs/model/weights.h5").exists()
    assert (document["result"], document["phase"], world.groups) == ("succeeded", "deleted", {})


def test_fetch_waits_no_longer_for_nodes_that_fall_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "LOOK", 0.02)
    world = World(tmp_path)
    ports = world.ports()
    cloud = replace(ports.cloud, timeouts=replace(ports.cloud.timeouts, heartbeat=0.2))
    monkeypatch.setattr(world, "ports", lambda: replace(ports, cloud=cloud))
    collecting(world, lambda n: None)
    said = list[str]()
    document = attached_run.fetch(found(world, phase="running", detached=True), tmp_path / "runs", said.append)
    assert "its nodes still bring what its tasks wrote" in said[-1]
    assert (document["result"], len(world.groups)) == ("succeeded", 2)


def test_how_a_run_ended_that_cannot_be_read_is_recorded_as_that(tmp_path: Path) -> None:
    world = World(tmp_path)
    succeeding(world.store)
    odd = Unreadable(keys.OUTCOME, "it is empty")
    run = replace(found(world, phase="running", detached=True), outcome=None, odd=(odd,))
    attached_run.end_run(run, quiet)
    record = run.folder.read()
    assert record is not None
    assert (record.phase, record.result) == ("deleted", "cancelled")
    assert record.message == f"how it ended is not known: {odd}"


def test_fetch_of_a_run_that_only_its_groups_tell_of_names_what_was_listed_and_did_not_come(tmp_path: Path) -> None:
    world = World(tmp_path)
    cut_off(world)
    run = replace(found(world, record=False), store=world.store)
    said: list[str] = []
    attached_run.fetch(run, tmp_path / "runs", said.append)
    assert any("not collected: 2 files" in text for text in said)
    assert len(world.groups) == 2
    world.running = 2
    said.clear()
    attached_run.fetch(run, tmp_path / "runs", said.append)
    assert not any("not collected" in text for text in said)  # its nodes may still bring them


@pytest.mark.parametrize("refusal", [ProvisioningError("busy"), CredentialsError("the token has expired")])
def test_fetch_without_a_record_ends_well_where_arm_cannot_be_asked(refusal: TfinfraError, tmp_path: Path) -> None:
    world = World(tmp_path)
    cut_off(world)

    def refuse(group: str) -> int:
        raise refusal

    world.arm.running_instances = refuse  # type: ignore[method-assign]
    run, said = replace(found(world, record=False), store=world.store), list[str]()
    assert attached_run.fetch(run, tmp_path / "runs", said.append)["phase"] == "unknown"
    assert any(text.startswith("its record is not known") for text in said)


def test_of_a_run_begun_elsewhere_arm_says_where_its_share_is(tmp_path: Path) -> None:
    world = World(tmp_path)
    training(world.store)
    world.running = 0
    world.share = "https://a.file.core.windows.net/shared"
    run = found(world, record=False)
    with pytest.raises(TeardownIncomplete, match=f"still in the share {world.share}"):
        attached_run.end_run(replace(run, store=world.store), quiet)
    assert [*world.groups] == [KEEP]

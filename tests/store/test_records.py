"""From bytes that anybody may have written to a value, or to the reason why they are none."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fakes import a_plan
from tests.lifecycle.hostile import CONTENTS, wrong_fields
from tests.lifecycle.record.test_record import a_record
from tests.system.test_strange_trees import chain
from tfinfra import model
from tfinfra.errors import Result
from tfinfra.lifecycle.record.driver import this_process
from tfinfra.lifecycle.record.run_record import RunRecord
from tfinfra.model import (
    Attestation,
    CollectedMark,
    DataSource,
    DataSources,
    Heartbeat,
    Image,
    InstalledTree,
    Inventory,
    Locked,
    NodeCheck,
    NodeEnvironment,
    NodeEvidence,
    NodeGpu,
    NodeMachine,
    NodeRegistration,
    Outcome,
    Plan,
    StopRequest,
    TaskEvidence,
    TaskStatus,
    Unfit,
    from_json,
    parse,
    to_json,
)
from tfinfra.store import (
    MemoryStore,
    ObjectStore,
    OddObject,
    Records,
    Unreadable,
    encode,
    open_store,
    put_first,
    read,
    read_all,
    read_file,
    store_errors,
)
from tfinfra.system.strange_trees import remove_tree

NODE = NodeRegistration("n0", "node-0", "10.0.0.4", "10.0.0.0/20", 2222, 4, 0, "age1abc")
SHA256 = "0" * 64
EVIDENCE = NodeEvidence(
    run="digits-abc123",
    node=0,
    node_id="n0",
    hostname="node-0",
    address="10.0.0.4",
    machine=NodeMachine(
        "Standard_D2s_v5", "eastus", "/s", Image("p", "o", "s", "1.2.3"), "6.8", "550", (NodeGpu("A"),)
    ),
    environment=NodeEnvironment("k", "3.11.9", SHA256, SHA256, True, {"horovod.whl": SHA256}),
    public_key="age1abc",
    bundle=SHA256,
    agent=SHA256,
    settings=SHA256,
    variables={"PATH": SHA256},
    taken=5.0,
    ended=6.5,
    attested=(Attestation("before", 5.0, SHA256), Attestation("after", 6.0, why="no answer")),
    tasks=(TaskEvidence("rank-0", ("python", "train.py"), SHA256, 1, 5.0, 6.0, 0),),
    locked=SHA256,
    checks=(NodeCheck("image", "verified"), NodeCheck("wheels", "declared", "uv held them against it")),
)
WHOLE: dict[str, Any] = {
    "a run's record": a_record(client=this_process(), left=("a",), message="é"),
    "a plan": a_plan(environment_variables={"A": "b"}),
    "a task": TaskStatus("rank-0", 0, "failed", 7, 137, 5.0, 6, 1, "boom", joined=True),
    "a beat": Heartbeat("n0", 7, time.time(), "training", 3, "evicted (spot)"),
    "an outcome": Outcome(Result.FAILED, "boom", "rank-0", 0, 1, ("a", "b"), ("w",), 7.5),
    "an inventory": Inventory((NODE,)),
    "the data": DataSources({"mnist": DataSource("mount", folder="file:///data")}, DataSource("download")),
    "a mark": CollectedMark(3, ("w",), ("l",)),
    "a node's evidence": EVIDENCE,
    "what a lock says of nodes": Locked(
        SHA256, "k", "3.11.9", Image("p", "o", "s", "1"), InstalledTree(SHA256, SHA256, "uv")
    ),
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_record_comes_back_and_a_newer_versions_fields_are_left(case: str) -> None:
    value = WHOLE[case]
    told = {**to_json(value), "wings": [1, {"a": None}]}
    assert from_json(type(value), parse(json.dumps(told).encode())) == value


@pytest.mark.parametrize("case", WHOLE)
def test_one_wrong_field_is_refused_with_its_name_or_is_right(case: str) -> None:
    kind = type(WHOLE[case])
    needed = {field.name for field in fields(kind) if field.default is field.default_factory}
    for done, data in wrong_fields(to_json(WHOLE[case])):
        found = read(_holding(data), "key", kind)
        if isinstance(found, Unreadable):
            assert found.key == "key"
            assert found.why.isprintable()
            assert len(found.why) < 300
        else:
            assert found is not None, done
            assert not (done.startswith("without ") and done.removeprefix("without ") in needed)
            assert from_json(kind, json.loads(json.dumps(to_json(found)))) == found


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("kind", [TaskStatus, Outcome, Inventory, Plan, Heartbeat, CollectedMark])
def test_what_is_no_record_is_unreadable_for_a_reason(kind: type[Any], name: str) -> None:
    began = time.process_time()
    found = read(_holding(CONTENTS[name]), "tasks/rank-0.json", kind)
    assert isinstance(found, Unreadable)
    assert str(found).startswith("tasks/rank-0.json is unreadable: it ") or "." not in found.why
    assert str(found).isprintable()
    assert time.process_time() - began < 1


NO_END: dict[str, tuple[type[Any], dict[str, Any], str]] = {
    "an end that no node can tell": (
        *(Outcome, {"result": "error", "message": ""}),
        "result is 'error', not one of succeeded, failed, cancelled, limit",
    ),
    "an end of a later version": (
        *(Outcome, {"result": "paused", "message": ""}),
        "result is 'paused', not one of succeeded, failed, cancelled, limit",
    ),
    "a reason that is none": (StopRequest, {"reason": "failed"}, "reason is 'failed', not one of cancelled, limit"),
    "a phase of a later version": (
        *(RunRecord, {**to_json(a_record()), "phase": "paused"}),
        "phase is 'paused', not one of starting, provisioning, running, held, ended, deleting, incomplete, deleted",
    ),
    "a result that is a number": (RunRecord, {**to_json(a_record()), "result": 7}, "result is a number, not text"),
}


@pytest.mark.parametrize(("kind", "data", "why"), NO_END.values(), ids=NO_END)
def test_a_result_or_a_phase_that_this_version_does_not_know_is_unreadable(
    kind: type[Any], data: dict[str, Any], why: str
) -> None:
    assert read(_holding(json.dumps(data).encode()), "key", kind) == Unreadable("key", why)


def test_a_result_is_text_where_it_is_kept_and_one_of_the_table_where_it_is_read() -> None:
    store = _holding(encode(Outcome(Result.LIMIT, "late")))
    assert json.loads(store.get("key") or b"")["result"] == "limit"
    found = read(store, "key", Outcome)
    assert isinstance(found, Outcome)
    assert found.result is Result.LIMIT


REASONS = {
    b"": "it is empty",
    b"[]": "it is a list, not an object",
    b"{": "it is not JSON (line 1, column 2)",
    b'{"task": 1, "node": 0, "state": "lost"}': "task is a number, not text",
    b'{"task": "rank-0"}': "node is missing",
    b'{"task": "rank-0", "node": true, "state": "lost"}': "node is true or false, not a whole number",
    b'{"task": "rank-0", "node": 0, "state": "flying"}': "state is 'flying', not one of pending, running, succeeded, "
    "failed, stopped, lost",
    b'{"task": "../x", "node": 0, "state": "lost"}': "task is '../x', not a name of letters, digits, '.', '_' and '-'",
    b'{"task": "a", "node": 0, "state": "lost", "ended": 1e300}': "ended is 1e+300, which is out of range",
    b'{"task": "a", "node": 0, "state": "lost", "started": -1}': "started is -1, not between 0 and 2.53402e+11",
    b'{"task": "a", "task": "a"}': "it has 'task' twice",
    b'{"b": {}, "task": 1, "a": 2, "a": 2, "task": 3}': "it has 'task' twice",
    b'{"a": NaN}': "it has the number NaN",
    b"\xff": "it is not UTF-8",
    b"[" * 100_000: "it is nested too deeply",
    b'"' + b"x" * (2 << 20) + b'"': "it is larger than 1048576 bytes",
    b'"' + b"x" * (9 << 20) + b'"': "it is larger than 8388608 bytes",
}


@pytest.mark.parametrize(("data", "why"), REASONS.items(), ids=REASONS.values())
def test_the_reason_names_the_field(data: bytes, why: str) -> None:
    assert read(_holding(data), "key", TaskStatus) == Unreadable("key", why)


def test_a_name_that_is_twice_among_many_is_found_at_once() -> None:
    """Seconds of CPU where each name was looked for among all of them."""
    names = [f'"{number:06}": 0' for number in range(16_000)]
    began = time.process_time()
    with pytest.raises(Unfit, match="it has '015999' twice"):
        parse(f"{{{', '.join([*names, names[-1]])}}}".encode())
    assert time.process_time() - began < 2


@pytest.mark.parametrize("network", ["10.0.0.0/8 --x", "10.0.0.0/8;id", "eth0", "10.0.0.4", "", "10.0.0.0/33", "::/0"])
def test_a_nodes_network_is_one_since_launchers_are_told_it(network: str) -> None:
    with pytest.raises(Unfit, match=r"network is .* not an IPv4 network"):
        from_json(NodeRegistration, {**to_json(NODE), "network": network})


def test_another_versions_record_is_called_that() -> None:
    with pytest.raises(Unfit, match="schema is 2, not 1: another version of tfinfra wrote it"):
        from_json(Plan, {**to_json(a_plan()), "schema": 2})


def test_half_of_a_surrogate_pair_does_not_make_a_message_unreadable() -> None:
    found = parse(b'{"result": "failed", "message": "a\\udc80b"}')
    assert from_json(Outcome, found).message == "a?b"


def test_a_record_that_tells_of_something_else_than_its_key_is_none() -> None:
    store = MemoryStore()
    status = TaskStatus("rank-0", 0, "running")
    for key in ("tasks/rank-0.json", "tasks/rank-1.json"):
        store.put(key, encode(status))
    found, odd = read_all(store, "tasks", TaskStatus, lambda status: f"tasks/{status.task}.json")
    assert (found, [str(each) for each in odd]) == (
        [status],
        ["tasks/rank-1.json is unreadable: it is the record of tasks/rank-0.json"],
    )


def test_a_key_and_a_value_obey_no_terminal_in_what_is_told() -> None:
    store = MemoryStore()
    store.put("tasks/\x1b[2J\n::error::.json", b'{"task": "\\u001b]0;x", "node": 0, "state": "lost"}')
    (odd,) = read_all(store, "tasks", TaskStatus)[1]
    assert str(odd).isprintable()
    assert str(odd).startswith("'tasks/\\x1b[2J\\n::error::.json' is unreadable: task is '\\x1b]0;x', not a name")


def test_a_watcher_is_told_once_and_of_so_many_only() -> None:
    store, said = MemoryStore(), list[str]()
    for number in range(50):
        store.put(f"tasks/{number}.json", b"[]")
    records = Records(store, lambda odd: said.append(str(odd)))
    for _ in range(3):
        assert records.all("tasks", TaskStatus) == []
    assert len(said) == 11
    assert said[-1] == "more records of the run's store are unreadable"


def test_what_is_no_record_is_nobodys_word_and_replaced() -> None:
    store, mine = MemoryStore(), Outcome(Result.FAILED, "boom")
    store.put("outcome.json", b"[]")
    assert put_first(store, "outcome.json", mine)
    assert not put_first(store, "outcome.json", Outcome(Result.SUCCEEDED, "late"))
    assert read(store, "outcome.json", Outcome) == mine


def _holding(data: bytes) -> MemoryStore:
    store = MemoryStore()
    for key in ("key", "tasks/rank-0.json"):
        store.put(key, data)
    return store


# In a folder


def test_in_a_folder_only_plain_files_are_objects(tmp_path: Path) -> None:
    folder, outside = tmp_path / "store", tmp_path / "outside"
    store = open_store(folder.as_uri())
    store.put("tasks/rank-0.json", b"{}")
    outside.mkdir()
    (outside / "secret.json").write_bytes(b"{}")
    os.mkfifo(folder / "tasks" / "fifo.json")
    (folder / "tasks" / "link.json").symlink_to(outside / "secret.json")
    (folder / "tasks" / "dangling.json").symlink_to(outside / "nothing")
    (folder / "tasks" / "above").symlink_to(tmp_path)
    (folder / "nodes").symlink_to(outside)
    (folder / "tasks" / "folder.json").mkdir()
    Path(os.fsdecode(os.fsencode(folder / "tasks") + b"/\xff.json")).write_bytes(b"{}")
    assert store.list("tasks") == ["tasks/rank-0.json"]
    assert store.list("nodes") == store.list("nodes/deeper") == store.list("nothing") == []
    assert store.list("") == ["tasks/rank-0.json"]
    assert read(store, "../outside/secret.json", TaskStatus) == Unreadable("../outside/secret.json", "it is no key")
    for key in ("tasks/fifo.json", "tasks/link.json", "tasks/dangling.json"):
        found = read(store, key, TaskStatus)
        assert isinstance(found, Unreadable)
        assert "no plain file" in found.why
    assert read(store, "tasks/folder.json", TaskStatus) is None
    for key in ("tasks/nothing.json", "nodes/secret.json", "tasks/rank-0.json/below", "tasks/fifo.json/below"):
        assert read(store, key, TaskStatus) is None


def acts_on(store: ObjectStore, file: Path) -> dict[str, Callable[[str], object]]:
    """Everything that a store does at a key."""
    return {
        "put": lambda key: store.put(key, b"{}"),
        "put_if_absent": lambda key: store.put_if_absent(key, b"{}"),
        "put_file": lambda key: store.put_file(key, file),
        "delete": store.delete,
        "get": store.get,
        "get_file": lambda key: store.get_file(key, file.with_name("came")),
        "list": lambda key: store.list(key.partition("/")[0]),
    }


@pytest.mark.parametrize("act", ["put", "put_if_absent", "put_file", "delete"])
def test_nothing_is_written_or_deleted_through_a_link(act: str, tmp_path: Path) -> None:
    folder, outside = tmp_path / "store", tmp_path / "outside"
    store = open_store(folder.as_uri())
    outside.mkdir()
    (outside / "watch.json").write_text("mine")
    (tmp_path / "file").write_text("a file")
    for link, target, key in (
        ("control", outside, "control/watch.json"),
        ("outcome.json", outside / "watch.json", "outcome.json"),
    ):
        (folder / link).symlink_to(target)
        acts_on(store, tmp_path / "file")[act](key)
        assert act == "delete" or store.get(key) is not None
    assert [(p.name, p.read_text()) for p in outside.iterdir()] == [("watch.json", "mine")]


@pytest.mark.parametrize("act", acts_on(MemoryStore(), Path()))
def test_a_link_that_comes_and_goes_is_followed_in_no_moment(act: str, tmp_path: Path) -> None:
    folder, outside, file = tmp_path / "store", tmp_path / "outside", tmp_path / "file"
    store = open_store(folder.as_uri())
    outside.mkdir()
    (outside / "watch.json").write_text("the host's")
    file.write_text("a file")
    (folder / "real").mkdir()
    (folder / "link").symlink_to(outside)
    over = threading.Event()

    def flip() -> None:
        while not over.is_set():
            for name in ("real", "link"):
                with suppress(OSError):
                    (folder / name).rename(folder / "control")
                with suppress(OSError):
                    (folder / "control").rename(folder / name)

    flipping = threading.Thread(target=flip)
    flipping.start()
    found: set[object] = set()
    try:
        for number in range(300):
            key = "control/watch.json" if act in ("delete", "get", "get_file", "list") else f"control/{number}.json"
            with suppress(*store_errors(), OddObject):
                answer = acts_on(store, file)[act](key)
                found |= set(answer) if isinstance(answer, list) else {answer}
    finally:
        over.set()
        flipping.join()
    assert [(p.name, p.read_text()) for p in outside.iterdir()] == [("watch.json", "the host's")]
    assert not {b"the host's", "control/watch.json"} & found
    assert not (tmp_path / "came").exists()


def test_a_chain_of_folders_without_end_hides_no_object(tmp_path: Path) -> None:
    store = open_store((tmp_path / "store").as_uri())
    store.put("tasks/rank-0.json", b"{}")
    chain(tmp_path / "store" / "tasks" / "deep")
    try:
        assert store.list("") == store.list("tasks") == ["tasks/rank-0.json"]
    finally:
        remove_tree(tmp_path / "store")


def test_a_folder_that_is_a_link_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "attempt-1").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="attempt-1 is a link"):
        open_store((tmp_path / "attempt-1").as_uri())


def test_a_large_object_is_not_read_into_memory(tmp_path: Path) -> None:
    store = open_store((tmp_path / "store").as_uri())
    store.put("small", b"1")
    with (tmp_path / "store" / "outcome.json").open("wb") as file:
        file.truncate(50 << 30)
    assert read(store, "outcome.json", Outcome) == Unreadable("outcome.json", "it is larger than 8388608 bytes")


@pytest.mark.parametrize("name", CONTENTS)
def test_a_broken_file_of_this_machine_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(CONTENTS[name])
    found = read_file(path, type(WHOLE["a run's record"]))
    assert isinstance(found, Unreadable)
    assert found.key == str(path)
    assert read_file(tmp_path / "nothing.json", TaskStatus) is None


def test_every_small_record_has_a_kind_of_its_own() -> None:
    assert from_json(model.StopRequest, {"reason": "limit"}).message == "the run was cancelled"
    assert from_json(model.WheelRecord, {"name": "h.whl", "sha256": "a" * 64, "attempt": 0}).name == "h.whl"
    for wrong in ("../h.whl", "..", "a/b.whl", ".whl\n"):
        with pytest.raises(Unfit):
            from_json(model.WheelRecord, {"name": wrong, "sha256": "a" * 64, "attempt": 0})

"""An agent that fails itself: the run ends, and what the tasks have written so far is not lost."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import pytest

from tests.agent.end.test_cleanup import settings
from tests.agent.nodes import NOTHING_ODD, assignment_of, plain
from tests.backends.specs import plan_of, spec
from tests.clocks import FakeClock
from tests.tracking.playing_server import playing
from tfinfra.agent import part
from tfinfra.agent import train as training
from tfinfra.agent.assignment import Assignment, TaskFolders
from tfinfra.agent.end.forwarding import Forwarding
from tfinfra.agent.evidence.witness import Witness
from tfinfra.agent.join import JoinedNode
from tfinfra.agent.metrics.node_metrics import NodeMetrics
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.heartbeat import Heartbeats
from tfinfra.agent.node.instance_metadata import Metadata
from tfinfra.agent.node.log_shipping import LogShipper
from tfinfra.agent.node.node_identity import Identity, Key
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.node.ports import PortLease, lease_ports
from tfinfra.agent.node.private_folder import own_folder
from tfinfra.agent.node.temporary_folder import TemporaryFolder, temporary_folder
from tfinfra.agent.node_errors import NodeFault
from tfinfra.agent.tasks.workspace import make_common
from tfinfra.errors import Result
from tfinfra.model import MetricsWanted, Outcome, Point, TaskStatus
from tfinfra.store import MemoryStore, ObjectStore, chunk_of, keys, log_chunk

PLAN = plan_of(spec("single"))


def context_of(root: Path, store: ObjectStore) -> AgentContext:
    clock, metadata = FakeClock(), Metadata("http://127.0.0.1:1", "client")
    logs, heartbeats = LogShipper(store, clock, free=True), Heartbeats(store, "id", clock)
    who = Identity("id", "10.0.0.4", None)
    made = settings("https://127.0.0.1:1")
    return AgentContext(made, PLAN, NodePaths(root), {}, clock, metadata, who, store, heartbeats, logs, 0.1)


def assignment_in(root: Path) -> Assignment:
    """The node's assignment, with everything that is written in `root`."""
    folders = TaskFolders(root / "shared", root, root, root)
    return replace(assignment_of(PLAN), paths=NodePaths(root), folders=folders, inherited={})


def test_a_node_says_that_it_has_ended_once_its_own_log_is_in_the_store(tmp_path: Path) -> None:
    store = MemoryStore()
    context = context_of(tmp_path, store)
    log = tmp_path / "agent.log"
    log.write_text("rank-1 is succeeded\n")
    context.logs.add("agent-1", log)
    logs_at_the_word = list[list[str]]()
    context.heartbeats.say = lambda phase: logs_at_the_word.append(store.list("logs"))  # type: ignore[method-assign]
    context.say_ended()
    assert logs_at_the_word == [["logs/agent-1/00000000.log"]]


def test_a_node_whose_log_cannot_be_put_says_that_it_has_ended_all_the_same(tmp_path: Path) -> None:
    def fault(verb: str, key: str) -> None:
        if key.startswith("logs/"):
            raise OSError("the store is full")

    context = context_of(tmp_path, MemoryStore(fault))
    log = tmp_path / "agent.log"
    log.write_text("rank-1 is succeeded\n")
    context.logs.add("agent-1", log)
    said = list[str]()
    context.heartbeats.say = said.append  # type: ignore[assignment, method-assign]
    context.say_ended()
    assert said == ["ended"]


def take_part(root: Path, store: ObjectStore, monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    """Lets a node join, write a checkpoint while it trains, and fail."""
    assignment = assignment_in(root)
    shared = assignment.folders.shared

    def fails(context: AgentContext, assignment: Assignment, seen: Witness, forwarding: Forwarding) -> None:
        make_common(shared)
        (shared / "checkpoints/step-7").write_text("7")
        raise failure

    monkeypatch.setattr(part, "train", fails)
    join(root, store, assignment)


def join(root: Path, store: ObjectStore, assignment: Assignment) -> None:
    """Lets a node take part, which has all that it needs of the machine."""
    seen = Witness(context_of(root, store), assignment, Key("age1abc"), {})
    metrics = NodeMetrics(context_of(root, store), 0, assignment.folders.shared / "outputs/artifacts")
    joined = JoinedNode(assignment, PortLease(1, 0, ()), TemporaryFolder(root), seen, metrics)
    part.take_part(context_of(root, store), lambda _: joined)


def test_an_agent_that_fails_while_it_trains_collects_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    take_part(tmp_path, store, monkeypatch, OSError("no more processes"))
    outcome = read(store, "outcome.json", Outcome)
    assert outcome is not None
    assert (outcome.result, "no more processes" in outcome.message) == ("failed", True)
    assert store.get("outputs/checkpoints/step-7") == b"7"
    assert plain(store, "collected.json") == {"files": 1, **NOTHING_ODD}


def test_no_log_shows_the_token_that_opens_the_nodes_tracking(tmp_path: Path) -> None:
    store, log = MemoryStore(), tmp_path / "main-0.log"
    context = context_of(tmp_path, store)
    token = NodeMetrics(context, 0, tmp_path).tracking.token("main-0")
    log.write_text(f"MLFLOW_TRACKING_TOKEN={token}\n")
    context.logs.add("main-0", log)
    context.logs.finish("main-0")
    assert [log_chunk(store, key) for key in store.list("logs/main-0")] == [b"MLFLOW_TRACKING_TOKEN=main-0.***\n"]


def test_an_agent_that_fails_beside_others_leaves_the_collecting_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    write(store, "outcome.json", Outcome(Result.FAILED, "boom"))
    take_part(tmp_path, store, monkeypatch, OSError("no more processes"))
    assert store.get("collected.json") is None


class NoTasks:
    """The tasks of a node, none of which ever ran."""

    def start(self) -> None:
        """Nothing is started."""

    def poll(self) -> list[TaskStatus]:
        return []

    def signal(self, number: int) -> None:
        """Nothing is there to take it."""

    def running(self) -> bool:
        return False

    def launcher_exit(self) -> int | None:
        return None


@pytest.mark.parametrize(
    "fault", [None, OSError("no more processes")], ids=["another node ended it", "the agent fails"]
)
def test_an_mlflow_server_hears_how_the_run_ended_whoever_ended_it(
    fault: OSError | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepared(assignment: Assignment) -> None:
        if fault is not None:
            raise fault

    store = MemoryStore()
    write(store, keys.OUTCOME, Outcome(Result.FAILED, "node 1 could not start its task"))
    store.put(keys.metrics_key("main-0", 0), chunk_of([Point("main-0", "loss", 0.5, 0, 1000.0)]))
    monkeypatch.setattr(training, "prepare", prepared)
    monkeypatch.setattr(training, "DirectTasks", lambda assignment, clock: NoTasks())
    with playing() as server:
        wanted = replace(PLAN, metrics=MetricsWanted(tracking_uri=server.url))
        assignment = replace(assignment_in(tmp_path), plan=wanted)
        join(tmp_path, store, assignment)
    assert server.calls[-1][:2] == ("runs/update", {"run_id": "id-4", "status": "FAILED", "end_time": ANY})
    assert len(server.metrics()) == 1
    assert "forwarding" not in {thread.name for thread in threading.enumerate()}


def test_what_could_not_be_collected_is_left_to_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(verb: str, key: str) -> None:
        if key == "collected.json":
            raise OSError("the store is full")

    store = MemoryStore(fault)
    take_part(tmp_path, store, monkeypatch, OSError("no more processes"))
    assert "collected.json" not in store.objects


def test_an_agent_that_fails_before_it_has_tasks_says_that_there_is_nothing(tmp_path: Path) -> None:
    def fails(context: AgentContext) -> JoinedNode:
        raise NodeFault("no ports")

    store = MemoryStore()
    part.take_part(context_of(tmp_path, store), fails)
    assert plain(store, "collected.json") == {"files": 0, **NOTHING_ODD}


def test_an_outcome_waits_for_a_store_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = ["away"] * 3

    def fault(verb: str, key: str) -> None:
        if key == "outcome.json" and left:
            raise OSError(left.pop())

    store = MemoryStore(fault)
    take_part(tmp_path, store, monkeypatch, ValueError("a fault"))
    assert store.get("outputs/checkpoints/step-7") == b"7"


def test_the_agents_own_log_is_whole_before_the_client_may_go(tmp_path: Path) -> None:
    store = MemoryStore()
    context = context_of(tmp_path, store)
    (tmp_path / "agent.log").write_text("could not collect outputs/x\n")
    context.logs.add("agent-0", tmp_path / "agent.log")
    training.bring(context, assignment_in(tmp_path), lambda: None)
    kept = list(store.objects)
    assert kept.index("logs/agent-0/00000000.log") < kept.index("collected.json")


def test_a_folder_of_ones_own_is_ones_alone(tmp_path: Path) -> None:
    wide = tmp_path / "wide"
    wide.mkdir()
    wide.chmod(0o777)
    for path in (wide, tmp_path / "new"):
        assert own_folder(path).stat().st_mode & 0o777 == 0o700


def test_a_folder_that_somebody_else_can_change_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "file").touch()
    for name, words in (("link", "is a link"), ("dangling", "cannot make"), ("file", "cannot make")):
        with pytest.raises(NodeFault, match=f"{words}.*have root remove"):
            own_folder(tmp_path / name)
    monkeypatch.setattr(os, "geteuid", lambda: (tmp_path / "mine").stat().st_uid + 1)
    with pytest.raises(NodeFault, match=r"another user .*have root remove"):
        lease_ports(23200, 1, tmp_path / "mine")
    with pytest.raises(NodeFault, match="another user"):
        temporary_folder(tmp_path / ("x" * 80), tmp_path / "mine")


def test_a_port_is_not_locked_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "23300.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"[Tt]oo many levels"):
        lease_ports(23300, 1, tmp_path)
    assert not (tmp_path / "elsewhere").exists()

"""The smaller parts of a node: ports, variables, the store's bad moments, heartbeats, collecting, the mpirun line."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.agent.nodes import assignment_of
from tests.backends.specs import inventory, plan_of, spec
from tests.clocks import FakeClock
from tfinfra.agent.boot.loopback_only import has_only_loopback, on_one_host
from tfinfra.agent.boot.shared_directory import shared_directory
from tfinfra.agent.end.collect_outputs import collect
from tfinfra.agent.node.heartbeat import Heartbeats, Peers
from tfinfra.agent.node.instance_metadata import Metadata
from tfinfra.agent.node.node_identity import gpu_count, identity
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node.node_records import write
from tfinfra.agent.node.ports import is_free, lease_ports
from tfinfra.agent.node.scheduled_events import Notices, notice_of
from tfinfra.agent.node.temporary_folder import temporary_folder
from tfinfra.agent.node_errors import NodeFault
from tfinfra.agent.tasks.mpi import mpirun_command
from tfinfra.agent.tasks.task_variables import task_variables
from tfinfra.agent.tasks.workspace import make_common, make_workspace
from tfinfra.agent.verdict.control import deadline_stop, end_of_training
from tfinfra.model import Heartbeat, NodeSettings, Timeouts
from tfinfra.store import MemoryStore, PatientStore


def test_ports_are_leased_once_per_machine(tmp_path: Path) -> None:
    first = lease_ports(23100, 3, tmp_path)
    second = lease_ports(23100, 3, tmp_path)
    assert second.base >= first.base + 3
    first.release()
    assert lease_ports(23100, 3, tmp_path).base == first.base


def test_a_port_that_somebody_listens_on_is_not_leased(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not is_free(port)
        if port < 32000:
            assert lease_ports(port, 1, tmp_path).base > port


def test_a_task_sees_what_the_manifest_promises() -> None:
    plan = plan_of(spec("ps", node_count=2, worker_count=2, environment_variables={"TF_CPP_MIN_LOG_LEVEL": "0"}))
    assignment = assignment_of(plan, PATH="/usr/bin", HOME="/home/u", http_proxy="http://proxy", PYTHONPATH="/agent")
    seen = task_variables(assignment, plan.tasks[0])
    assert seen["PATH"] == "/env/bin:/usr/bin"
    assert seen["HOME"] == "/home/u"
    assert seen["PYTHONPATH"] == "/n/var/lib/tfinfra/python"  # and not the agent's own
    assert seen["TF_CPP_MIN_LOG_LEVEL"] == "0"
    assert seen["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert seen["TFINFRA_OUTPUTS"] == "/shared/outputs"
    assert seen["TFINFRA_CHECKPOINTS"] == "/shared/checkpoints"
    assert seen["MLFLOW_TRACKING_URI"].startswith("http://127.0.0.1:")
    assert seen["MLFLOW_TRACKING_TOKEN"].startswith(f"{plan.tasks[0].name}.")
    assert "MLFLOW_RUN_ID" not in seen  # another server, which a script may name, has no such run
    assert seen["TFINFRA_METRICS"] == f"/n/var/lib/tfinfra/metrics/{plan.tasks[0].name}.jsonl"
    assert seen["PYTHONUNBUFFERED"] == "1"
    assert {"10.0.0.4", "10.0.0.5", "localhost"} <= set(seen["no_proxy"].split(","))
    assert seen["TMPDIR"] == "/n/tmp"


def test_home_is_set_even_where_the_machine_sets_none() -> None:
    plan = plan_of(spec("single"))
    assert task_variables(assignment_of(plan), plan.tasks[0])["HOME"] == "/root"


def test_the_mpirun_line_names_the_network_only_where_nodes_have_one() -> None:
    plan = plan_of(
        spec("mpi", node_count=2, process_count_per_node=2, arguments=("--epochs", "3", "--between", ":", "a b"))
    )
    line = mpirun_command.mpirun(assignment_of(plan), root=True, shell="/n/remote_shell.sh")
    assert line[:2] == ["/env/bin/mpirun", "--allow-run-as-root"]
    text = " ".join(line)
    assert "--map-by ppr:2:node -n 4 --bind-to none --stdin none" in text
    assert "prte_if_include 10.0.0.0/24" in text
    assert "btl_tcp_if_include 10.0.0.0/24" in text
    assert line[-1].endswith(" train.py --epochs 3 --between : 'a b'")
    assert ":" not in line  # it would begin another program
    assert mpirun_command.hostfile(plan, inventory(2)) == "node-0 slots=2\nnode-1 slots=2\n"


def test_a_rank_of_a_package_runs_as_python_runs_a_module() -> None:
    plan = plan_of(spec("mpi", entry_script="-m trainer.task", arguments=("--epochs", "3")))
    line = mpirun_command.mpirun(assignment_of(plan), root=True, shell="/n/remote_shell.sh")
    assert line[-1].endswith(' sh "$TFINFRA_NODE_RANK_SCRIPT" -m trainer.task --epochs 3')


def test_where_there_is_only_loopback_all_ranks_are_neighbours_on_node_0(tmp_path: Path) -> None:
    plan, nodes = plan_of(spec("mpi", node_count=2)), inventory(2, network=None)
    routes = tmp_path / "route"
    routes.write_text("Iface Destination Gateway\n")
    assert has_only_loopback(nodes, routes)
    assert not has_only_loopback(inventory(2), routes)
    routes.write_text("Iface Destination Gateway\neth0 00000000 010AA8C0\n")
    assert not has_only_loopback(nodes, routes)
    assert [(t.node, t.slot) for t in on_one_host(plan).tasks] == [(0, 0), (0, 1)]
    assert mpirun_command.hostfile(on_one_host(plan), nodes) == "node-0 slots=2\n"


def test_a_store_is_tried_again_until_patience_ends() -> None:
    failures = ["no", "no", "no"]

    def fault(verb: str, key: str) -> None:
        if failures:
            raise OSError(failures.pop())

    store = MemoryStore(fault)
    patient = PatientStore(store, FakeClock(), patience=10)
    patient.put("a", b"1")
    assert patient.get("a") == b"1"
    failures.extend(["no"] * 100)
    with pytest.raises(OSError, match="no"):
        patient.get("a")


def test_a_lost_reply_to_put_if_absent_is_still_a_win() -> None:
    class Lossy(MemoryStore):
        def put_if_absent(self, key: str, data: bytes) -> bool:
            won = super().put_if_absent(key, data)
            if won:
                raise OSError("the reply was lost")
            return won

    assert PatientStore(Lossy(), FakeClock(), 10).put_if_absent("a", b"mine")
    taken = MemoryStore()
    taken.put("a", b"theirs")
    assert not PatientStore(taken, FakeClock(), 10).put_if_absent("a", b"mine")


def beat(store: MemoryStore, sequence: int, changes: int = 0) -> None:
    write(store, "heartbeats/id-1.json", Heartbeat("id-1", sequence, 0.0, "training", changes))


def test_a_peer_is_lost_by_the_observers_clock_alone() -> None:
    clock, store = FakeClock(), MemoryStore()
    peers = Peers(store, {1: "id-1"}, clock, timeout=10)
    for sequence in range(1, 4):
        beat(store, sequence)
        clock.sleep(4)
        peers.poll()
    assert peers.lost() == []
    for _ in range(3):
        clock.sleep(4)
        peers.poll()
    assert peers.lost() == [1]


def test_an_observer_that_was_stopped_itself_gives_its_peers_time() -> None:
    clock, store = FakeClock(), MemoryStore()
    peers = Peers(store, {1: "id-1"}, clock, timeout=10)
    clock.sleep(3600)
    peers.poll()
    assert peers.lost() == []


def test_while_the_store_is_away_no_peer_can_be_lost() -> None:
    clock = FakeClock()

    def away(verb: str, _: str) -> None:
        if verb == "get" and 1000 < clock.now < 1100:
            clock.sleep(90)  # as a patient store bears with it

    store = MemoryStore(before=away)
    peers = Peers(store, {1: "id-1"}, clock, timeout=10)
    beat(store, 1)
    peers.poll()
    clock.sleep(1)
    peers.poll()
    assert clock.now > 1090
    assert peers.lost() == []
    clock.sleep(4)
    beat(store, 2)
    peers.poll()
    assert peers.lost() == []


FATES = {
    "nothing": ([], ""),
    "another machine's": ([{"EventType": "Preempt", "Resources": ["vm_2"]}], ""),
    "an eviction": ([{"EventType": "Preempt", "Resources": ["vm_1"]}], "evicted (spot)"),
    "the worse of two": (
        [{"EventType": "Freeze", "Resources": ["vm_1", "vm_2"]}, {"EventType": "Terminate", "Resources": ["vm_1"]}],
        "deleted",
    ),
    "a kind that nobody knows": ([{"EventType": "Other", "Resources": ["vm_1"]}], ""),
}


@pytest.mark.parametrize("case", FATES)
def test_a_nodes_fate_is_what_its_events_say(case: str) -> None:
    events, fate = FATES[case]
    assert notice_of(events, "vm_1") == fate


class EventSource(Metadata):
    """Answers with `events`, or does not, where they are None."""

    events: list[dict[str, object]] | None = None

    def scheduled_events(self) -> list[dict[str, object]]:
        if self.events is None:
            raise OSError("no answer")
        return self.events


def test_what_is_announced_is_told_with_the_next_beat(caplog: pytest.LogCaptureFixture) -> None:
    store, source = MemoryStore(), EventSource("http://127.0.0.1:9", "client")
    heartbeats = Heartbeats(store, "id-1", FakeClock())
    notices = Notices(source, heartbeats, "vm_1")
    notices.look()
    assert heartbeats.notice == ""
    source.events = [{"EventType": "Preempt", "Resources": ["vm_1"]}]
    notices.look()
    notices.look()
    heartbeats.start()
    heartbeats.stop()
    peers = Peers(store, {1: "id-1"}, FakeClock(), timeout=10)
    peers.poll()
    assert peers.notice(1) == "evicted (spot)"
    source.events = []
    notices.look()
    assert heartbeats.notice == ""
    said = [r.getMessage() for r in caplog.records if "vm" not in r.getMessage()]
    assert said == [
        "the scheduled events cannot be read: no answer",
        "this node is about to be evicted (spot)",
        "what was announced has passed",
    ]


def test_statuses_are_read_again_only_when_their_count_rose() -> None:
    clock, store = FakeClock(), MemoryStore()
    peers = Peers(store, {1: "id-1"}, clock, timeout=10)
    beat(store, 1, changes=1)
    assert peers.poll() == [1]
    beat(store, 2, changes=1)
    assert peers.poll() == []
    beat(store, 3, changes=2)
    assert peers.poll() == [1]


def test_one_file_that_cannot_be_collected_is_a_warning(tmp_path: Path) -> None:
    make_common(tmp_path)
    (tmp_path / "outputs/good").write_text("1")
    (tmp_path / "outputs/dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "logs/pipe")
    store = MemoryStore()
    collected = collect(store, tmp_path)
    assert collected.files == 1
    assert len(collected.skipped) == 2
    assert sorted(store.objects) == ["collected.json", "collecting.json", "outputs/outputs/good"]


@pytest.mark.parametrize("has_cp", [True, False])
def test_a_workspace_is_a_copy_with_links_to_what_is_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_cp: bool
) -> None:
    if not has_cp:
        monkeypatch.setattr("shutil.which", lambda _: None)
    source, shared, work = tmp_path / "source", tmp_path / "shared", tmp_path / "work"
    (source / "outputs").mkdir(parents=True)
    (source / "outputs/old").write_text("old")
    (source / "train.py").write_text("pass")
    (source / "-r link").symlink_to("train.py")
    (source / "logs").symlink_to("outputs")
    os.utime(source / "train.py", (1, 1))
    make_common(shared)
    make_workspace(source, work, shared)
    (work / "outputs/new").write_text("new")
    assert (work / "train.py").read_text() == "pass"
    assert (work / "train.py").stat().st_mtime == 1
    assert (work / "-r link").readlink() == Path("train.py")
    assert [p.name for p in (shared / "outputs").iterdir()] == ["new"]


@pytest.mark.parametrize("on_one_disk", [True, False])
def test_the_last_task_of_a_node_works_in_the_source_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_one_disk: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    if not on_one_disk:
        monkeypatch.setattr(Path, "rename", refuse)
    source, shared, work = tmp_path / "source", tmp_path / "shared", tmp_path / "work/main-0"
    (source / "outputs").mkdir(parents=True)
    (source / "train.py").write_text("pass")
    make_common(shared)
    make_workspace(source, work, shared, last=True)
    assert (work / "train.py").read_text() == "pass"
    assert (work / "outputs").resolve() == shared / "outputs"
    assert source.exists() is not on_one_disk


def test_an_identity_without_a_subnet_is_a_process_of_the_host() -> None:
    def document(subnets: list[dict[str, str]]) -> dict[str, object]:
        ipv4 = {"ipAddress": [{"privateIpAddress": "10.0.0.4"}], "subnet": subnets}
        return {"compute": {"vmId": "v"}, "network": {"interface": [{"ipv4": ipv4}]}}

    assert identity(document([])).network is None
    assert identity(document([{"address": "10.0.0.0", "prefix": "24"}])).network == "10.0.0.0/24"
    with pytest.raises(NodeFault, match="lacks"):
        identity({"compute": {"vmId": "v"}})


def test_gpus_are_counted_by_their_device_files(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    assert gpu_count(tmp_path) == 2


def test_the_shared_directory_of_a_file_url_is_its_path(tmp_path: Path) -> None:
    paths = NodePaths(tmp_path)
    assert shared_directory("file:///a%20b", paths) == Path("/a b")
    assert shared_directory(None, paths) == tmp_path / "var/lib/tfinfra/shared"


def test_temporary_folders_are_taken_elsewhere_only_where_their_names_are_too_long(tmp_path: Path) -> None:
    with TemporaryDirectory() as short:
        folder = temporary_folder(Path(short), tmp_path)
        assert folder.path == Path(short) / "tmp"
        folder.remove()
        assert folder.path.exists()
    assert temporary_folder(tmp_path / ("x" * 80), tmp_path / "common").path.parent == tmp_path / "common"


def test_a_temporary_folder_goes_with_its_agent_or_with_the_next_one(tmp_path: Path) -> None:
    one, two = (temporary_folder(tmp_path / (name * 80), tmp_path / "common") for name in "ab")
    assert one.path.exists()
    assert two.descriptor is not None
    os.close(two.descriptor)  # as the kernel does for an agent that is killed
    three = temporary_folder(tmp_path / ("c" * 80), tmp_path / "common")
    assert one.path.exists()
    assert not two.path.exists()
    for folder in (one, three):
        folder.remove()
        assert not folder.path.exists()


def test_training_ends_early_enough_to_collect_before_the_deadline() -> None:
    def settings(collect_seconds: float) -> NodeSettings:
        timeouts = Timeouts(1, 1, 1, collect_seconds)
        return NodeSettings("r", "s", None, "b", "", "c", "a", None, "g", "1970-01-01T01:00:00Z", timeouts)

    plan = plan_of(spec("single"))
    assert end_of_training(settings(60), plan) == 3600 - 60
    assert end_of_training(settings(10_000), plan) == 3600 - 360


def test_a_run_that_its_budget_shortens_collects_in_a_tenth_of_that_time() -> None:
    timeouts = Timeouts(1, 1, 1, 10_000)
    told = NodeSettings(
        "r", "s", None, "b", "", "c", "a", None, "g", "1970-01-01T01:00:00Z", timeouts, "max_cost_usd", 1800
    )
    plan = plan_of(spec("single"))
    assert end_of_training(told, plan) == 3600 - 180
    stop = deadline_stop(told, plan, 3500.0)
    assert stop is not None
    begin = "limits.max_cost_usd (30 min) has ended the training 28 min 20 s after the run's start"
    assert (stop.reason, stop.message) == ("limit", f"{begin}, so that what it wrote comes home in time")
    assert deadline_stop(told, plan, 3400.0) is None

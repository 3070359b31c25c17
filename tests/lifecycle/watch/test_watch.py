"""What the client reads out of a run's store, and what it decides itself because no node can any more."""

from __future__ import annotations

import json
import threading
import time
from itertools import pairwise
from typing import Any

import pytest

from tests.lifecycle.fakes import FakeObserver, a_plan
from tfinfra.catalog.images import HPC_IMAGE, image_of
from tfinfra.clouds import AZURE_TIMEOUTS
from tfinfra.errors import Cancelled, ProvisioningError, Result
from tfinfra.lifecycle.watch import watcher as watch
from tfinfra.lifecycle.watch.absent import why_absent
from tfinfra.lifecycle.watch.watcher import Watch
from tfinfra.model import Forwarded, Heartbeat, MetricsWanted, Outcome, Point, TaskStatus, Timeouts, to_json
from tfinfra.store import MemoryStore, chunk_of, keys

QUICK = Timeouts(register=30.0, start=30.0, heartbeat=10.0, collect=10.0)


class Scene:
    """A watch whose clock and machines are the test's."""

    def __init__(self, timeouts: Timeouts = QUICK, **of_plan: Any) -> None:
        self.answers = True
        self.store = MemoryStore(self._fault)
        self.observer = FakeObserver()
        self.now = 100.0
        self.running: int | None = 2
        self.died = ""
        self.lists: list[float] = []
        self.watch = Watch(
            self.store,
            a_plan(**of_plan),
            timeouts=timeouts,
            observer=self.observer,
            clock=lambda: self.now,
            instances=self._listed,
            deaths=lambda: self.died,
        )

    def _listed(self) -> int | None:
        self.lists.append(self.now)
        return self.running

    def _fault(self, verb: str, key: str) -> None:
        if not self.answers:
            raise OSError("no route")

    def put(self, key: str, document: Any) -> None:
        self.store.put(key, json.dumps(to_json(document)).encode())

    def beat(self, sequence: int) -> None:
        self.put(keys.heartbeat_key("n0"), Heartbeat("n0", sequence, self.now, "training"))

    def after(self, seconds: float) -> Outcome | None:
        """Polls each second for `seconds`; the first outcome."""
        for _ in range(int(seconds)):
            self.now += 1.0
            outcome = self.watch.poll()
            if outcome is not None:
                return outcome
            time.sleep(0.002)  # the list of machines is asked for on a thread
        return None


def test_a_store_out_of_reach_is_said_once_and_waited_for() -> None:
    scene = Scene()
    scene.answers = False
    assert scene.after(100) is None
    told = [line for line in scene.observer.lines if "does not answer" in line]
    assert told == ["say the run's store does not answer, the nodes go on: no route"]
    scene.answers = True
    assert scene.after(1) is None
    scene.answers = False
    with pytest.raises(ProvisioningError, match="has not answered for 120 s: no route"):
        scene.after(130)


def test_lines_are_shown_whole_and_once() -> None:
    scene = Scene()
    scene.store.put(keys.log_key("rank-0", 0), b"step 1\nst")
    scene.watch.poll()
    scene.store.put(keys.log_key("rank-0", 1), "ep 2\n\u20ac".encode()[:-1])
    scene.watch.poll()
    scene.store.put(keys.log_key("rank-0", 2), "\u20ac".encode()[-1:] + b" end")
    scene.watch.poll()
    scene.watch.finish()
    shown = [x for x in scene.observer.lines if x.startswith("line")]
    assert shown == ["line step 1", "line step 2", "line \u20ac end"]


@pytest.mark.parametrize(("chunks", "told"), [(3, False), (4, True)])
def test_where_the_rest_of_a_log_is_that_is_longer_than_is_shown_is_said(
    chunks: int, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "AT_THE_END", 3)
    scene = Scene()
    for n in range(chunks):
        scene.store.put(keys.log_key("rank-0", n), b"step %d\n" % n)
    scene.watch.finish()
    said = "say the log of rank-0 goes on: the rest comes home with all of it, as tasks/rank-0.log"
    assert scene.observer.lines == ["line step 0", "line step 1", "line step 2", *[said] * told]


def test_other_tasks_lines_are_not_shown() -> None:
    scene = Scene()
    scene.store.put(keys.log_key("rank-1", 0), b"from rank 1\n")
    scene.watch.poll()
    assert scene.observer.lines == []


def test_a_task_is_told_when_it_changes_and_not_again() -> None:
    scene = Scene()
    scene.put(keys.task_key("rank-0"), TaskStatus("rank-0", 0, "running"))
    scene.after(3)
    scene.put(keys.task_key("rank-0"), TaskStatus("rank-0", 0, "succeeded", exit_status=0))
    scene.after(3)
    told = [x for x in scene.observer.lines if x.startswith("task")]
    assert told == ["task rank-0 running", "task rank-0 succeeded"]


def test_the_client_tells_the_nodes_that_it_watches() -> None:
    scene = Scene()
    scene.watch.poll()
    assert json.loads(scene.store.objects[keys.WATCH]) == {"time": 100.0}
    scene.after(3)
    assert json.loads(scene.store.objects[keys.WATCH])["time"] > 100.0


def test_the_nodes_outcome_is_the_outcome() -> None:
    scene = Scene()
    scene.put(keys.OUTCOME, Outcome(Result.SUCCEEDED, "all ranks ended with 0"))
    assert scene.watch.poll() == Outcome(Result.SUCCEEDED, "all ranks ended with 0")


def test_no_node_registers_in_time() -> None:
    scene = Scene()
    scene.watch.boot_began()
    outcome = scene.after(40)
    assert outcome is not None
    assert outcome.message.startswith("no node registered within 30 s: the nodes wrote nothing into the run's store")
    assert "boot-diagnostics" in outcome.message
    assert json.loads(scene.store.objects[keys.OUTCOME])["result"] == "failed"
    assert scene.watch.alone


def test_an_image_of_ones_own_is_the_first_suspect_where_no_node_came() -> None:
    own = [why_absent(image_of(name)) for name in ("/subscriptions/s/x/images/mine", "redhat:rhel:9_4:latest")]
    for told, name in zip(own, ("/subscriptions/s/x/images/mine", "redhat:rhel:9_4:latest"), strict=True):
        first, second = told.index(f"{name} has no cloud-init"), told.index("no way out")
        assert first < second < told.index("boot-diagnostics")
        assert "/var/lib/waagent" in told
    assert "cloud-init" not in why_absent(HPC_IMAGE)


def test_a_node_that_is_silent_after_it_was_announced_to_reboot_is_named_so() -> None:
    scene = Scene()
    scene.watch.boot_began()
    scene.put(keys.heartbeat_key("n0"), Heartbeat("n0", 1, scene.now, "training", notice="rebooted"))
    outcome = scene.after(40)
    assert outcome is not None
    assert outcome.message.startswith("no node has answered for")
    assert outcome.message.endswith("the node n0 was rebooted")


def test_every_node_fails_to_boot() -> None:
    scene = Scene()
    for node in ("a", "b"):
        scene.put(keys.boot_key(node), {"error": "the bundle's digest is wrong"})
    outcome = scene.after(3)
    assert outcome is not None
    assert outcome.message == "no node could boot: the bundle's digest is wrong"
    assert "say a node failed: the bundle's digest is wrong" in scene.observer.lines


def test_a_node_that_freezes_for_a_while_is_not_lost() -> None:
    scene = Scene()
    scene.watch.boot_began()
    for sequence in range(5):
        scene.beat(sequence)
        assert scene.after(1) is None
    assert scene.after(25) is None
    scene.beat(6)
    assert scene.after(25) is None


def test_a_machine_that_slept_while_its_store_did_not_answer_asks_again() -> None:
    scene = Scene()
    scene.watch.boot_began()
    scene.answers = False
    assert scene.after(1) is None
    scene.now += 3600
    assert scene.after(100) is None
    with pytest.raises(ProvisioningError, match="has not answered for 120 s"):
        scene.after(30)


def test_a_single_agent_that_died_is_missed() -> None:
    scene = Scene()
    scene.watch.boot_began()
    for sequence in range(5):
        scene.beat(sequence)
        assert scene.after(1) is None
    outcome = scene.after(33)
    assert outcome is not None
    assert outcome.message.startswith("no node has answered for")


def test_nodes_that_beat_are_never_missed() -> None:
    scene = Scene()
    scene.watch.boot_began()
    for sequence in range(100):
        scene.beat(sequence)
        assert scene.after(1) is None


def test_an_outcome_that_a_dying_node_wrote_counts_before_the_clients_own() -> None:
    scene = Scene()
    scene.running = 0
    scene.watch.boot_began()
    scene.after(2)
    scene.put(keys.OUTCOME, Outcome(Result.FAILED, "rank-0 ended with exit status 3"))
    outcome = scene.after(20)
    assert outcome is not None
    assert outcome.message == "rank-0 ended with exit status 3"


def test_a_list_that_lags_ends_no_run_whose_nodes_beat() -> None:
    scene = Scene(AZURE_TIMEOUTS)
    scene.running = 0
    scene.watch.boot_began()
    for sequence in range(100):
        scene.beat(sequence)
        assert scene.after(1) is None
        assert not scene.watch.alone


def test_a_list_that_lags_behind_a_set_ends_no_run_before_its_nodes_come() -> None:
    scene = Scene(AZURE_TIMEOUTS)
    scene.running = 0
    scene.watch.boot_began()
    assert scene.after(60) is None
    scene.running = 2
    assert scene.after(120) is None


def test_one_empty_list_is_asked_for_again_soon_and_ends_nothing_by_itself() -> None:
    scene = Scene(AZURE_TIMEOUTS)
    scene.watch.boot_began()
    scene.beat(1)
    assert scene.after(40) is None
    scene.beat(2)
    scene.running = 0
    assert scene.after(10) is None
    scene.running = 2
    assert scene.after(20) is None
    soon = [later - earlier for earlier, later in pairwise(scene.lists)]
    assert 9 <= min(soon) <= 10


def test_two_empty_lists_end_a_run_whose_nodes_are_silent() -> None:
    scene = Scene(AZURE_TIMEOUTS)
    scene.watch.boot_began()
    scene.beat(1)
    assert scene.after(20) is None
    scene.beat(2)
    assert scene.after(1) is None
    scene.running = 0
    outcome = scene.after(40)
    assert outcome is not None
    assert outcome.message == "all nodes are gone before the training ended"


def test_machines_that_nobody_ever_saw_are_given_up_before_the_time_to_register_is_over() -> None:
    scene = Scene(AZURE_TIMEOUTS)
    scene.running = 0
    scene.watch.boot_began()
    outcome = scene.after(300)
    assert outcome is not None
    assert outcome.message == "all nodes are gone before the training ended"


def test_nodes_that_collect_are_not_alone_because_a_list_lags() -> None:
    scene = Scene(AZURE_TIMEOUTS)
    scene.watch.boot_began()
    scene.running = 0
    for sequence in range(100):
        scene.beat(sequence)
        scene.now += 1.0
        scene.watch.collected()
        time.sleep(0.001)
        assert not scene.watch.alone


def test_what_arm_does_not_know_ends_nothing() -> None:
    scene = Scene()
    scene.running = None
    scene.watch.boot_began()
    scene.beat(1)
    assert scene.after(5) is None


def test_an_arm_that_keeps_its_caller_waiting_does_not_blind_the_watch() -> None:
    scene, answered = Scene(), threading.Event()
    scene.watch = Watch(
        scene.store,
        a_plan(),
        timeouts=Timeouts(register=30.0, start=30.0, heartbeat=10.0, collect=10.0),
        observer=scene.observer,
        clock=lambda: scene.now,
        instances=lambda: 2 if answered.wait(10) else None,
    )
    scene.watch.boot_began()
    for sequence in range(5):
        scene.beat(sequence)
        assert scene.after(1) is None
    outcome = scene.after(33)
    answered.set()
    assert outcome is not None
    assert outcome.message.startswith("no node has answered for")


@pytest.mark.parametrize(("look", "most"), [(1.0, 1), (0.0, 10)])
def test_a_store_that_bills_each_request_is_looked_into_at_its_clouds_pace(look: float, most: int) -> None:
    scene, asked = Scene(), list[str]()
    watch = Watch(
        MemoryStore(lambda verb, key: asked.append(key)),
        a_plan(),
        timeouts=QUICK,
        observer=scene.observer,
        clock=lambda: scene.now,
        instances=lambda: 2,
        look=look,
    )
    for _ in range(5):
        assert watch.poll() is None
        assert not watch.collected()
        scene.now += 0.15
    looks = asked.count(keys.OUTCOME) + asked.count(keys.COLLECTED)
    assert looks == most
    scene.now += 1.0
    asked.clear()
    watch.poll()
    assert keys.OUTCOME in asked


def test_another_tfinfra_may_ask_the_run_to_end() -> None:
    scene = Scene()
    scene.put(keys.STOP, {"reason": "cancelled", "message": "tfinfra down"})
    with pytest.raises(Cancelled, match="tfinfra down"):
        scene.watch.poll()


def test_an_eviction_is_told_when_it_is_announced_and_when_nobody_is_left() -> None:
    scene = Scene()
    scene.watch.boot_began()
    scene.put(keys.heartbeat_key("n0"), Heartbeat("n0", 1, scene.now, "training", notice="evicted (spot)"))
    scene.after(2)
    assert scene.observer.lines == ["say the node n0 is about to be evicted (spot)"]
    scene.running = 0
    outcome = scene.after(9)
    assert outcome is not None
    assert outcome.message == "all nodes are gone before the training ended: the node n0 was evicted (spot)"


def test_a_store_that_is_away_for_long_is_no_silence_of_the_nodes() -> None:
    scene = Scene()
    scene.watch.boot_began()
    scene.beat(1)
    assert scene.after(3) is None
    scene.now += 60  # as a patient store bears with it
    assert scene.after(9) is None
    scene.beat(2)
    assert scene.after(9) is None
    outcome = scene.after(30)
    assert outcome is not None
    assert outcome.message == "no node has answered for 32 s"


def test_a_slow_download_is_told_and_so_is_its_end() -> None:
    scene = Scene()
    for second, phases in enumerate([("gathering", "gathering"), ("gathered", "gathering"), ("training", "gathered")]):
        for node, phase in enumerate(phases):
            scene.put(keys.heartbeat_key(f"n{node}"), Heartbeat(f"n{node}", second, scene.now, phase))
        scene.after(1)
    told = [line for line in scene.observer.lines if "data and secrets" in line]
    assert told == [
        "progress train data and secrets: waiting for 2 nodes",
        "progress train data and secrets: waiting for 1 node",
        "progress train data and secrets: all there",
    ]


def test_nodes_that_are_gone_are_told_with_what_the_cloud_knows_of_them() -> None:
    scene = Scene()
    scene.watch.boot_began()
    scene.died, scene.running = "nodes_0: its first process was killed by SIGKILL", 0
    outcome = scene.after(60)
    assert outcome is not None
    assert outcome.message.startswith(("all nodes are gone before the training ended: ", "no node registered within"))
    assert outcome.message.endswith(": nodes_0: its first process was killed by SIGKILL")


def test_a_node_that_never_came_is_told_with_what_the_cloud_knows_of_it() -> None:
    scene = Scene()
    scene.watch.boot_began()
    scene.died, scene.running = "nodes_1: its first process was killed by SIGTERM", 1
    assert scene.after(4) is None
    scene.put(keys.OUTCOME, Outcome(Result.FAILED, "only 1 of 2 nodes registered within 30 s"))
    outcome = scene.after(2)
    assert outcome is not None
    told = "only 1 of 2 nodes registered within 30 s: nodes_1: its first process was killed by SIGTERM"
    assert outcome.message == told


def test_the_primary_metrics_new_values_are_told_once_each() -> None:
    scene = Scene(metrics=MetricsWanted(primary="loss"))
    points = [Point("rank-0", name, value, 0, 1.0) for name, value in (("loss", 0.5), ("lr", 0.1))]
    scene.store.put(keys.metrics_key("rank-0", 0), chunk_of(points))
    scene.after(3)
    assert [line for line in scene.observer.lines if line.startswith("metric")] == ["metric loss 0.5"]


def test_a_server_that_did_not_take_the_metrics_is_told_once() -> None:
    scene = Scene(metrics=MetricsWanted(tracking_uri="https://mlflow.example.com"))
    scene.put(keys.FORWARDED, Forwarded("https://mlflow.example.com", 3, "it answered 503"))
    scene.after(3)
    (said,) = [line for line in scene.observer.lines if "mlflow" in line]
    assert "could not be sent to https://mlflow.example.com: it answered 503" in said
    assert "--to https://mlflow.example.com" in said


NOT_ALL_SENT = {
    "nothing was told of it": (None, True, True),
    "some were sent, and then no more was told": (Forwarded("https://mlflow.example.com", 3), True, True),
    "all were sent": (Forwarded("https://mlflow.example.com", 3, ended=True), True, False),
    "there was nothing to send": (None, False, False),
}


@pytest.mark.parametrize(("forwarded", "points", "warned"), NOT_ALL_SENT.values(), ids=NOT_ALL_SENT)
def test_the_end_warns_where_nobody_said_that_all_metrics_were_sent(
    forwarded: Forwarded | None, points: bool, warned: bool
) -> None:
    scene = Scene(metrics=MetricsWanted(tracking_uri="https://mlflow.example.com"))
    if forwarded is not None:
        scene.put(keys.FORWARDED, forwarded)
    if points:
        scene.store.put(keys.metrics_key("rank-0", 0), chunk_of([Point("rank-0", "loss", 0.5, 0, 1.0)]))
    scene.after(3)
    assert not [line for line in scene.observer.lines if "mlflow" in line]
    scene.watch.finish()
    said = [line for line in scene.observer.lines if "ended before all were sent" in line]
    assert len(said) == warned

"""A machine that reboots in mid-run: the run ends and says so, what was written is brought, nothing begins anew."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.nodes import cluster, plain
from tests.agent.test_own_faults import context_of
from tests.backends.specs import inventory, plan_of, spec
from tfinfra.agent import run as agent
from tfinfra.agent.end import reboot
from tfinfra.agent.node.node_records import write
from tfinfra.agent.tasks.workspace import make_common
from tfinfra.errors import Result
from tfinfra.model import Heartbeat, Inventory, Outcome, Timeouts
from tfinfra.store import MemoryStore

SINGLE = plan_of(spec("single"))
PS = plan_of(spec("ps", node_count=2, worker_count=2), base_port=21282)
TRAINS = """
import os, pathlib, time
with open("outputs/starts", "a") as starts:
    starts.write("x")
pathlib.Path(os.environ["TFINFRA_CHECKPOINTS"], "step-1").write_text("1")
print("in training", flush=True)
time.sleep(600)
"""


def test_a_node_that_reboots_in_mid_training_ends_the_run_and_brings_what_it_wrote(tmp_path: Path) -> None:
    with cluster(tmp_path, SINGLE, TRAINS) as run:
        run.start(0)
        run.wait_for(lambda: "in training" in run.log("main-0"))
        run.reboot(0)
        outcome = run.outcome()
        assert (outcome.result, outcome.node, outcome.task) == ("failed", 0, "main-0")
        assert outcome.message.startswith("node 0 (")
        assert outcome.message.endswith(", 127.0.0.10) rebooted while it trained")
        assert run.store.get("outputs/checkpoints/step-1") == b"1"
        assert run.store.get("outputs/outputs/starts") == b"x"  # not begun anew
        assert "rebooted while it trained" in run.log("agent-0-rebooted")
        assert "rebooted" not in run.log("agent-0")  # the earlier boot's log is as it was


def test_a_node_that_is_back_before_the_others_miss_it_names_itself(tmp_path: Path) -> None:
    with cluster(tmp_path, PS, TRAINS) as run:
        run.start(0, 1)
        run.wait_for(lambda: "in training" in run.log("worker-0") and "in training" in run.log("worker-1"))
        run.reboot(1)
        outcome = run.outcome()
        assert (outcome.result, outcome.node) == ("failed", 1)
        assert "node 1 (" in outcome.message
        assert "127.0.0.11) rebooted while it trained" in outcome.message


PHASES: dict[str, tuple[str, bool, str]] = {
    "before the nodes had ranks": (
        "environment",
        False,
        "a node (NAME, 10.0.0.4) rebooted while it built its environment",
    ),
    "while it trained": ("training", True, "node 0 (NAME, 10.0.0.4) rebooted while it trained"),
    "in a phase that is new": ("pausing", True, "node 0 (NAME, 10.0.0.4) rebooted while pausing"),
}


@pytest.mark.parametrize("case", PHASES)
def test_a_reboot_is_told_with_what_the_node_was_at(tmp_path: Path, case: str) -> None:
    phase, met, words = PHASES[case]
    store = MemoryStore()
    context = context_of(tmp_path, store)
    write(store, "heartbeats/id.json", Heartbeat("id", 7, 0.0, phase))
    if met:
        write(store, "inventory.json", Inventory((replace(inventory(1).nodes[0], node_id="id"),)))
    before = reboot.earlier_boot(context)
    assert before is not None
    name = socket.gethostname().split(".")[0]
    assert reboot.message(context, before).replace(name, "NAME") == words


@pytest.mark.parametrize("torn", ["heartbeats/id.json", "inventory.json"])
def test_a_record_that_cannot_be_read_makes_no_first_boot_of_a_second(torn: str, tmp_path: Path) -> None:
    store = MemoryStore()
    context = context_of(tmp_path, store)
    write(store, "heartbeats/id.json", Heartbeat("id", 7, 0.0, "training"))
    write(store, "inventory.json", Inventory((replace(inventory(1).nodes[0], node_id="id"),)))
    store.put(torn, b'{"node')
    before = reboot.earlier_boot(context)
    assert before is not None
    assert "rebooted while it " in reboot.message(context, before)


def test_a_first_boot_is_none_again(tmp_path: Path) -> None:
    assert reboot.earlier_boot(context_of(tmp_path, MemoryStore())) is None


def test_a_reboot_is_seen_though_the_store_does_not_answer_at_once(tmp_path: Path) -> None:
    failures = [OSError("away")] * 3

    def away(verb: str, key: str) -> None:
        if verb != "put" and failures:
            raise failures.pop()

    store = MemoryStore(away)
    made = context_of(tmp_path, store)
    context = replace(made, settings=replace(made.settings, timeouts=Timeouts(900, 600, 60, 1800)))
    write(store, "heartbeats/id.json", Heartbeat("id", 7, 0.0, "training"))
    before = reboot.earlier_boot(context)
    assert before is not None
    assert before.phase == "training"


def test_a_store_that_stays_away_is_waited_for_as_long_as_the_other_nodes_are(tmp_path: Path) -> None:
    def away(verb: str, key: str) -> None:
        raise OSError("away")

    made = context_of(tmp_path, MemoryStore(away))
    context = replace(made, settings=replace(made.settings, timeouts=Timeouts(900, 600, 60, 1800)))
    began = context.clock.time()
    assert reboot.earlier_boot(context) is None
    assert 900 <= context.clock.time() - began < 910


def _rebooted(tmp_path: Path, store: MemoryStore, rank: int | None) -> None:
    context = context_of(tmp_path, store)
    make_common(context.paths.local_shared)
    (context.paths.local_shared / "checkpoints/step-7").write_text("7")
    agent._end_after_reboot(context, reboot.EarlierBoot("training", rank, "main-0"))


def test_a_node_that_the_others_have_missed_leaves_word_of_its_reboot(tmp_path: Path) -> None:
    store = MemoryStore()
    write(store, "outcome.json", Outcome(Result.FAILED, "node 1 was lost", node=1))
    _rebooted(tmp_path, store, 1)
    assert "rebooted while it trained" in plain(store, "boot/id.json")["error"]
    assert plain(store, "outcome.json")["message"] == "node 1 was lost"
    assert "collected.json" not in store.objects  # whoever wrote the outcome collects


def test_outputs_that_a_reboot_kept_from_the_store_are_brought_after_it(tmp_path: Path) -> None:
    store = MemoryStore()
    write(store, "outcome.json", Outcome(Result.SUCCEEDED, "done"))
    _rebooted(tmp_path, store, 0)
    assert store.get("outputs/checkpoints/step-7") == b"7"
    assert "boot/id.json" not in store.objects  # the run has not failed
    kept = dict(store.objects)
    _rebooted(tmp_path, store, 0)
    assert store.objects == kept

"""A node's evidence from before its first task to its end, and what a lock makes of it: nodes that differ start
nothing, and all of them come to the same end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.evidence.support import KEY, LOCK, LockedNode, node_in
from tests.environment.proof.support import SITE
from tfinfra.agent import part
from tfinfra.agent.join import JoinedNode
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_identity import Key
from tfinfra.agent.node.node_records import read
from tfinfra.agent.node_errors import NodeDiffers, NodeFault, RunEnded
from tfinfra.errors import DifferenceFound, Result
from tfinfra.model import CHECKS, NodeEvidence, Outcome, TaskStatus
from tfinfra.sealing import nonce_of
from tfinfra.store import MemoryStore, encode, keys


def evidence_of(node: LockedNode) -> NodeEvidence:
    found = read(node.context.store, keys.evidence_key(node.context.identity.node_id), NodeEvidence)
    assert found is not None
    return found


def two(root: Path) -> tuple[MemoryStore, LockedNode, LockedNode]:
    store = MemoryStore()
    return store, node_in(root, store, 0), node_in(root, store, 1)


def test_an_unlocked_node_records_itself_before_its_tasks_and_at_their_end(tmp_path: Path) -> None:
    store = MemoryStore()
    node = node_in(tmp_path, store, locked=False)
    witness = node.witness()
    witness.begin()
    before = evidence_of(node)
    worker = node.assignment.tasks[0]
    assert (before.run, before.node, before.public_key) == ("digits-abc123", 0, KEY.public)
    assert (before.locked, before.checks, before.ended) == (None, (), None)
    assert (before.environment.python, before.environment.key) == ("3.11.9", LOCK.key)
    assert before.machine.size == "Standard_D2s_v5" and before.machine.image.version == "24.04.2"
    assert before.settings == hashlib.sha256(encode(node.context.settings)).hexdigest()
    assert before.tasks[0].argv == (str(node.environment / "bin/python"), "train.py")
    assert before.tasks[0].exit_status is None
    witness.note(TaskStatus(worker.name, 0, "running", 7, None, 5.0))
    witness.note(TaskStatus(worker.name, 0, "failed", 7, 9, 5.0, 6.0, 1))
    witness.end()
    after = evidence_of(node)
    (task, *others) = after.tasks
    assert (task.task, task.exit_status, task.attempt, task.started, task.ended) == (worker.name, 9, 1, 5.0, 6.0)
    assert all(each.exit_status is None for each in others)
    assert (
        after.ended is not None and replace(after, tasks=before.tasks, attested=before.attested, ended=None) == before
    )


def test_both_attested_documents_name_the_nodes_key_and_lie_beside_the_record(tmp_path: Path) -> None:
    store = MemoryStore()
    node = node_in(tmp_path, store, locked=False)
    witness = node.witness()
    witness.begin()
    witness.end()
    id_ = node.context.identity.node_id
    for attestation in evidence_of(node).attested:
        document = store.get(keys.attested_key(id_, attestation.when)) or b""
        assert document == nonce_of(KEY.public).encode()
        assert attestation.sha256 == hashlib.sha256(document).hexdigest()
    assert [each.when for each in evidence_of(node).attested] == ["before", "after"]


def test_a_document_that_the_node_has_registered_with_is_not_asked_for_again(tmp_path: Path) -> None:
    store = MemoryStore()
    node = node_in(tmp_path, store, locked=False)
    node.metadata.silent = True
    node.witness(Key(KEY.public, "QUJD")).begin()
    assert store.get(keys.attested_key(node.context.identity.node_id, "before")) == b"ABC"


def test_a_cloud_that_attests_nothing_is_told_and_keeps_no_run_from_its_start(tmp_path: Path) -> None:
    store = MemoryStore()
    node = node_in(tmp_path, store, locked=False)
    node.metadata.silent = True
    node.witness().begin()
    (attestation,) = evidence_of(node).attested
    assert (attestation.sha256, "did not answer" in attestation.why) == (None, True)
    assert store.list(keys.EVIDENCE) == [keys.evidence_key(node.context.identity.node_id)]


def test_evidence_that_cannot_be_written_keeps_no_run_without_a_lock_from_its_start(tmp_path: Path) -> None:
    def fault(verb: str, key: str) -> None:
        if key.startswith(keys.EVIDENCE):
            raise OSError("the store is full")

    witness = node_in(tmp_path, MemoryStore(fault), locked=False).witness()
    witness.begin()
    witness.end()


def begun_on(node: LockedNode, other: LockedNode) -> NodeEvidence:
    """`other` has told before; its record as it is then."""
    with pytest.raises(NodeFault, match="did not tell in time"):
        other.witness().begin()
    node.witness().begin()
    return evidence_of(node)


def test_nodes_that_are_what_the_lock_says_go_on(tmp_path: Path) -> None:
    _, first, second = two(tmp_path)
    found = begun_on(first, second)
    assert found.locked == "f" * 64
    assert sorted(check.name for check in found.checks) == sorted(CHECKS)
    assert {check.proof for check in found.checks} == {"verified"}, found.checks
    assert found.environment.computed


def _changed_module(node: LockedNode) -> LockedNode:
    (node.environment / SITE / "beta.py").write_bytes(b"y = 3\n")
    return node


def _changed_agent(node: LockedNode) -> LockedNode:
    (node.context.paths.bundle / "agent/tfinfra/agent/run.py").write_bytes(b"Run()\n")
    return node


def _other_image(node: LockedNode) -> LockedNode:
    who = node.context.identity
    changed = replace(who, compute={**who.compute, "version": "24.04.3"})
    return replace(node, context=replace(node.context, identity=changed))


SEEDS: dict[str, tuple[Callable[[LockedNode], LockedNode], str]] = {
    "a module in the environment": (
        _changed_module,
        f"node 1 (node-1): records: {SITE}/beta.py (of beta-one): is not what the package lists",
    ),
    "the agent's code": (
        _changed_agent,
        "node 1 (node-1): bundle: agent/tfinfra/agent/run.py: holds other bytes",
    ),
    "the image": (
        _other_image,
        "node 1 (node-1): image: the machine runs microsoft-dsvm:ubuntu-hpc:2404:24.04.3, not "
        "microsoft-dsvm:ubuntu-hpc:2404:24.04.2",
    ),
    "a variable": (
        lambda node: replace(node, assignment=replace(node.assignment, inherited={"NCCL_DEBUG": "INFO"})),
        "variables: NCCL_DEBUG differs on node 1",
    ),
    "what is loaded": (
        lambda node: replace(node, assignment=replace(node.assignment, defaults={"LD_PRELOAD": "/tmp/x.so"})),
        "node 1 (node-1): preload: LD_PRELOAD is set for worker-1",
    ),
}


@pytest.mark.parametrize("case", SEEDS)
def test_no_node_starts_where_one_differs_and_the_message_names_it(case: str, tmp_path: Path) -> None:
    seed, words = SEEDS[case]
    _, first, second = two(tmp_path)
    second = seed(second)
    with pytest.raises(NodeDiffers) as raised:
        begun_on(first, second)
    assert words in raised.value.message
    assert raised.value.message.startswith("no task was started, for the lock says otherwise: ")
    with pytest.raises(NodeDiffers) as again:
        second.witness().begin()
    assert again.value.message == raised.value.message


def test_a_node_that_never_tells_is_named(tmp_path: Path) -> None:
    _, first, _ = two(tmp_path)
    with pytest.raises(NodeFault, match="node-1 did not tell in time whether it is what the lock says"):
        first.witness().begin()


def test_nobody_waits_for_a_run_that_has_ended(tmp_path: Path) -> None:
    store, first, _ = two(tmp_path)
    store.put(keys.OUTCOME, encode(Outcome(Result.CANCELLED, "Ctrl-C")))
    with pytest.raises(RunEnded):
        first.witness().begin()


def test_a_record_of_a_run_without_a_lock_is_no_word_of_a_node(tmp_path: Path) -> None:
    _, first, second = two(tmp_path)
    unlocked = replace(second, context=replace(second.context, settings=replace(second.context.settings, locked=None)))
    unlocked.witness().begin()
    with pytest.raises(NodeFault, match="did not tell in time"):
        first.witness().begin()


def test_the_run_ends_as_a_difference_before_any_task(tmp_path: Path) -> None:
    store, first, _ = two(tmp_path)

    def differs(context: AgentContext) -> JoinedNode:
        raise NodeDiffers("no task was started, for the lock says otherwise: image: another")

    part.take_part(first.context, differs)
    outcome = read(store, keys.OUTCOME, Outcome)
    assert outcome is not None
    assert (outcome.error, outcome.exit_code, outcome.run_result) == (DifferenceFound, 11, Result.ERROR)
    assert outcome.hint is not None and "tfinfra lock" in outcome.hint
    assert store.get(keys.COLLECTED) is not None

"""Which variables are one task's own, which all should have alike; and that no digest tells a secret."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from tests.agent.nodes import assignment_of
from tests.backends.specs import plan_of, spec
from tfinfra.agent.assignment import Assignment, Gathered, TaskFolders
from tfinfra.agent.evidence.node_checks import check_own_variables
from tfinfra.agent.evidence.variable_digests import OWN_SEARCH_PATH, common_digests, different, whole_digest
from tfinfra.agent.node.node_paths import NodePaths

PLAN = plan_of(spec("ps", node_count=2, worker_count=3, environment_variables={"EPOCHS": "3"}))
NOTHING = hashlib.sha256(b"").hexdigest()


def on_a_process(node: int, **inherited: str) -> Assignment:
    """A node that is a process: what is its own lies below a folder of its own."""
    root = Path(f"/state/machines/{node}")
    folders = TaskFolders(Path("/shared"), Path("/root"), Path(f"/tmp/tfinfra-nodes-0/{node}"), root / "cache/env")
    return replace(assignment_of(PLAN, node, **inherited), paths=NodePaths(root), folders=folders)


def test_tasks_of_one_run_have_their_variables_alike_wherever_they_are() -> None:
    found = {
        task.name: common_digests(on_a_process(task.node, PATH="/bin", TFINFRA_NODE=f"{task.node}"), task)
        for task in PLAN.tasks
    }
    assert different(found) == {}
    assert {"PATH", "EPOCHS", "TMPDIR", "HOME", "TFINFRA_OUTPUTS"} <= set(found["worker-0"])
    assert not {"TF_CONFIG", "TFINFRA_SHARD_INDEX", "TFINFRA_NODE"} & set(found["worker-0"])


def test_tfinfras_own_search_path_has_one_digest_on_every_node_and_no_other_has_it() -> None:
    nodes = [
        on_a_process(0),
        on_a_process(1),
        assignment_of(PLAN),
        replace(assignment_of(PLAN), paths=NodePaths(Path("/"))),
    ]
    found = {common_digests(each, each.tasks[0])["PYTHONPATH"] for each in nodes}
    assert found == {OWN_SEARCH_PATH}
    more = replace(on_a_process(0), plan=replace(PLAN, environment_variables={"PYTHONPATH": "lib"}))
    assert common_digests(more, more.tasks[0])["PYTHONPATH"] != OWN_SEARCH_PATH


def test_a_variable_of_one_node_alone_is_named_with_the_node() -> None:
    first, other = on_a_process(0), on_a_process(1, NCCL_DEBUG="INFO")
    found = {f"node {each.node}": common_digests(each, each.tasks[0]) for each in (first, other)}
    assert different(found) == {"NCCL_DEBUG": ["node 1"]}
    found["node 2"] = found["node 1"]
    assert different(found) == {"NCCL_DEBUG": ["node 1", "node 2"]}


def test_what_follows_from_a_nodes_own_network_may_differ() -> None:
    first, other = (replace(on_a_process(node), defaults={"NCCL_SOCKET_IFNAME": f"enP{node}s1"}) for node in (0, 1))
    assert different({each.tasks[0].name: common_digests(each, each.tasks[0]) for each in (first, other)}) == {}
    chosen = replace(first, plan=replace(PLAN, environment_variables={"NCCL_SOCKET_IFNAME": "eth0"}))
    assert "NCCL_SOCKET_IFNAME" in common_digests(chosen, chosen.tasks[0])


def test_the_digest_of_a_whole_environment_is_the_tasks_own() -> None:
    assignment = on_a_process(0)
    digests = [whole_digest(assignment, task) for task in assignment.tasks]
    assert len(digests) == len(set(digests)) > 1
    assert whole_digest(assignment, assignment.tasks[0]) == digests[0]
    assert whole_digest(on_a_process(0, LANG="C"), assignment.tasks[0]) != digests[0]
    assert check_own_variables(assignment).proof == "verified"


def test_no_digest_tells_a_secret_or_a_password() -> None:
    given = replace(on_a_process(0), given=Gathered(secrets={"TOKEN": "1234"}))
    task = given.tasks[0]
    assert common_digests(given, task)["TOKEN"] == NOTHING
    assert whole_digest(given, task) == whole_digest(replace(given, given=Gathered(secrets={"TOKEN": "5678"})), task)
    proxies = [
        common_digests(on_a_process(0, https_proxy=f"http://me:{word}@proxy:3128"), task)["https_proxy"]
        for word in ("one", "two")
    ]
    assert proxies[0] == proxies[1] != NOTHING

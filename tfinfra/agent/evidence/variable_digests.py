"""Digests of what the tasks have in their environments: enough to see that two differ, and never a value. A secret's is
that of nothing, and credentials within a value are left out, for a digest of few possible values tells the value."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.node.node_paths import SCRIPT_PATH
from tfinfra.agent.tasks.task_variables import task_variables
from tfinfra.model import Task
from tfinfra.text.credentials import hidden

# What is a task's own, or its node's: which task it is, where its points go, its share of the node's devices, the mark
# of its machine.
_OWN = frozenset(
    {
        *("TF_CONFIG", "TFINFRA_SHARD_INDEX", "TFINFRA_SHARD_COUNT", "TFINFRA_NODE"),
        *("TFINFRA_METRICS", "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN"),
        *("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"),
    }
)

OWN_SEARCH_PATH = hashlib.sha256(f"/{SCRIPT_PATH}".encode()).hexdigest()
"""The digest of PYTHONPATH where the manifest sets none."""


def whole_digest(assignment: Assignment, task: Task) -> str:
    """Of all variables of a task: the SHA-256 of "NAME=<SHA-256>" lines, sorted."""
    found = _digests(task_variables(assignment, task), assignment)
    return hashlib.sha256("".join(f"{name}={found[name]}\n" for name in sorted(found)).encode()).hexdigest()


def common_digests(assignment: Assignment, task: Task) -> dict[str, str]:
    """By name, those that every task of the run should have alike. Paths below the node's own folder count from there:
    machines that are processes share a file system."""
    own, defaults = assignment.paths.root, assignment.defaults
    variables = {
        name: _from_own_folders(value, str(own) if own.parent != own else "", str(assignment.folders.temporary))
        for name, value in task_variables(assignment, task).items()
        if name not in _OWN and defaults.get(name) != value
    }
    return _digests(variables, assignment)


def different(digests: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    """The names that are not alike in all of `digests` (by task or node), each with those that differ from the
    first."""
    first = next(iter(digests.values()), {})
    names = sorted({name for each in digests.values() for name in each})
    found = {name: [who for who, each in digests.items() if each.get(name) != first.get(name)] for name in names}
    return {name: who for name, who in found.items() if who}


def _digests(variables: Mapping[str, str], assignment: Assignment) -> dict[str, str]:
    secrets = assignment.given.secrets
    return {
        name: hashlib.sha256(b"" if name in secrets else hidden(value).encode("utf-8", "surrogateescape")).hexdigest()
        for name, value in sorted(variables.items())
    }


def _from_own_folders(value: str, root: str, temporary: str) -> str:
    value = value.replace(temporary, "<temporary>")
    return value.replace(root, "") if root else value

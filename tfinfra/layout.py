"""Where everything of a run lies in its object store: the keys that the client and the nodes meet at.

plan.json                         Plan, and
run.json                          RunRecord without what is this client's alone: another machine knows the run by both
bundle/<sha256>.tar.gz            the run's bundle, written by the client
boot/<node_id>.json               {"error"}: a node whose bootstrap failed
nodes/<node_id>.json              NodeRegistration
inventory.json                    Inventory, put if absent
heartbeats/<node_id>.json         Heartbeat, each second
tasks/<task>.json                 TaskStatus
inbox/<node>/<request>.json       {"command"}: what mpirun wants started on a node
outbox/<request>.json             {"exit_status"}: how that ended
logs/<task>/<00000000>.log        a task's log in chunks; agent-<node> and mpirun-0 are logs too
control/stop.json                 {"reason": "cancelled" | "limit", "message"}: the client ends the run
control/watch.json                {"time"}: somebody looks at the logs now
control/keep.json                 {}: the nodes stay until the deadline although the run has ended and nobody looks
outcome.json                      Outcome, put if absent
outputs/{outputs,logs,checkpoints}/<path>   what the tasks wrote
collected.json                    {"files", "warnings"}: all outputs are there; written last
"""

from __future__ import annotations

from urllib.parse import quote, unquote

NODES = "nodes"
BOOT = "boot"
HEARTBEATS = "heartbeats"
TASKS = "tasks"
LOGS = "logs"
OUTPUTS = "outputs"
OUTPUT_FOLDERS = ("outputs", "logs", "checkpoints")

PLAN = "plan.json"
RECORD = "run.json"
INVENTORY = "inventory.json"
OUTCOME = "outcome.json"
COLLECTED = "collected.json"
STOP = "control/stop.json"
WATCH = "control/watch.json"
KEEP = "control/keep.json"


def bundle_key(sha256: str) -> str:
    return f"bundle/{sha256}.tar.gz"


def boot_key(node_id: str) -> str:
    return f"{BOOT}/{node_id}.json"


def node_key(node_id: str) -> str:
    return f"{NODES}/{node_id}.json"


def heartbeat_key(node_id: str) -> str:
    return f"{HEARTBEATS}/{node_id}.json"


def task_key(task: str) -> str:
    return f"{TASKS}/{task}.json"


def log_folder(task: str) -> str:
    return f"{LOGS}/{task}"


def log_key(task: str, sequence: int) -> str:
    """The chunk `sequence` (from 0) of a task's log."""
    return f"{LOGS}/{task}/{sequence:08d}.log"


def agent_log(node: int) -> str:
    """The log name ("task") of the agent on node `node`."""
    return f"agent-{node}"


def inbox_folder(node: int) -> str:
    return f"inbox/{node}"


def inbox_key(node: int, request: str) -> str:
    return f"inbox/{node}/{request}.json"


def outbox_key(request: str) -> str:
    return f"outbox/{request}.json"


def output_key(folder: str, path: str) -> str:
    """`folder` is one of OUTPUT_FOLDERS, `path` relative to it with '/'. A store's keys may not hold what a file's name
    may ('#', bytes that are not UTF-8): those are percent-encoded, `output_path` undoes it."""
    return f"{OUTPUTS}/{folder}/{quote(path, safe='/ ', errors='surrogateescape')}"


def output_path(key: str) -> str:
    """The path, with its folder first, that `output_key` made `key` of."""
    return unquote(key.removeprefix(f"{OUTPUTS}/"), errors="surrogateescape")

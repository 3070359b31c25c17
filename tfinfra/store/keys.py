"""Where everything of a run lies in its object store: the keys that the client and the nodes meet at.

plan.json                         Plan, and
run.json                          RunRecord without what is this client's alone: another machine knows the run by both
bundle/<sha256>.tar.gz            the run's bundle, written by the client
boot/<node_id>.json               {"error"}: a node whose bootstrap failed, or that rebooted and was missed already
wheels/<key>/…                    a wheel that one node builds for all: see agent/boot/wheel_sharing.py
nodes/<node_id>.json              NodeRegistration
origin.json                       Origin: what the run was made from, by its client (lifecycle/evidence/origin.py)
baseline/<part>.json              PartBaseline: how ARM had the resources of a stack, by its client
evidence/<node_id>.json           NodeEvidence, before the node's first task and again once its tasks have ended
evidence/<node_id>.before.p7      the attested document of the machine (DER) with the node's key in it, as it was before
evidence/<node_id>.after.p7       the first task, and at the end; the record has their SHA-256
inventory.json                    Inventory, put if absent
data.json                         DataSources, where the run has inputs or resumes
inputs/<sha256>/<path>            a local input, by the hash of its names and bytes
inputs/<sha256>.json              {"files", "bytes"}: all of it is there; written last
secrets.age                       the secrets and the run's key, sealed for the nodes of the inventory by the client
resumed.json                      {"files"}: the checkpoints to resume from are in place; written by node 0
heartbeats/<node_id>.json         Heartbeat, each second
tasks/<task>.json                 TaskStatus
inbox/<node>/<request>.json       {"command"}: what mpirun wants started on a node; "mark" by the run's key, if any
outbox/<request>.json             {"exit_status"}: how that ended; marked likewise
logs/<task>/<00000000>.log        a task's log in chunks; agent-<node>, agent-<node>-rebooted and mpirun-0 are logs too
                                  (log_chunks.py)
metrics/<task>/<00000000>.jsonl   points in chunks (point_chunks.py): a task's, and the figures of node <n> as node-<n>
control/stop.json                 {"reason": "cancelled" | "limit", "message"}: the client ends the run
control/watch.json                {"time"}: a client watches the logs now
control/mirror.json               {"time"}: a client wants to see ./logs now
mirror.json                       Mirrored: which files of ./logs lie in mirror/ as they were last, while one does
mirror/<path>                     those files
control/resumed-by/<00>.json      Claim (lifecycle/tuning/claim.py): the tune that goes on with this one, put if absent
control/keep.json                 {}: the nodes stay until the deadline although the run has ended and no client watches
answers/<number>/<node>.json      Answer of a node to <number>.json in the requests' container, a SignedRequest
outcome.json                      Outcome, put if absent
outputs/{outputs,logs,checkpoints,left}/<path>   what the tasks wrote; left/<task>/ what they wrote elsewhere
left/<task>.json                  LeftFiles: what that is, and where it was
forwarded.json                    Forwarded: what another MLflow server has got of the points, by node 0
collecting.json                   {"files", "bytes", "names"}: what the node that collects has found, before it begins
collected.json                    {"files", "warnings", …}: all outputs are there; written last
attempt-<n>/…                     all of the above once more, for the attempt n (from 1) after one that was refused
tune/<00000000>.json              the entries of a tune's journal, by its client (tuning/journal.py), each put if absent
on/<run>/…                        all of the above once more, for a further run on the same nodes, or a trial of a tune
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

FURTHER = "on"
BUNDLE = "bundle"
NODES = "nodes"
BOOT = "boot"
EVIDENCE = "evidence"
HEARTBEATS = "heartbeats"
TASKS = "tasks"
LOGS = "logs"
METRICS = "metrics"
OUTPUTS = "outputs"
LEFT = "left"
ANSWERS = "answers"
JOURNAL = "tune"
_MIRRORS = "mirror"
OUTPUT_FOLDERS = ("outputs", "logs", "checkpoints", LEFT)

# The sign of an encoded byte itself, what Azure takes as another '/', obstore's own suffixes, control characters, and
# the bytes of a name that are not UTF-8.
_IN_NO_KEY = re.compile(r"[%\\#\x00-\x1f\x7f\ud800-\udfff]+")

PLAN = "plan.json"
RECORD = "run.json"
ORIGIN = "origin.json"
INVENTORY = "inventory.json"
DATA = "data.json"
SECRETS = "secrets.age"
RESUMED = "resumed.json"
OUTCOME = "outcome.json"
FORWARDED = "forwarded.json"
COLLECTING = "collecting.json"
COLLECTED = "collected.json"
STOP = "control/stop.json"
WATCH = "control/watch.json"
KEEP = "control/keep.json"
MIRROR = "control/mirror.json"
MIRRORED = "mirror.json"

FOR_NODES = (KEEP, DATA)
"""What the client leaves for the nodes before they boot, besides the bundle."""
NODES_FOLDERS = (BOOT, NODES, EVIDENCE, HEARTBEATS, TASKS, LOGS, METRICS, LEFT, _MIRRORS, ANSWERS, "inbox", "outbox")
NODES_KEYS = (INVENTORY, RESUMED, SECRETS, OUTCOME, FORWARDED, MIRRORED, COLLECTING, COLLECTED)
"""What comes into the store by nodes that are up, and by the client for them."""


def further_run(run: str) -> str:
    """The folder of a further run, or a trial: in the store of the run whose nodes it is on, and on these."""
    return f"{FURTHER}/{run}"


def bundle_key(sha256: str) -> str:
    return f"{BUNDLE}/{sha256}.tar.gz"


def baseline_key(part: str) -> str:
    return f"baseline/{part}.json"


def boot_key(node_id: str) -> str:
    return f"{BOOT}/{node_id}.json"


def node_key(node_id: str) -> str:
    return f"{NODES}/{node_id}.json"


def evidence_key(node_id: str) -> str:
    return f"{EVIDENCE}/{node_id}.json"


def attested_key(node_id: str, when: str) -> str:
    """`when` is "before" or "after"."""
    return f"{EVIDENCE}/{node_id}.{when}.p7"


def input_folder(digest: str) -> str:
    """Where the local input with this tree hash lies; its files are at `input_key`."""
    return f"inputs/{digest}"


def input_key(digest: str, path: str) -> str:
    """`path` is relative, with '/'. Only what no key may hold is percent-encoded: a mount shows keys as they are."""
    return f"{input_folder(digest)}/{_IN_NO_KEY.sub(_quoted, path)}"


def _quoted(found: re.Match[str]) -> str:
    return quote(found[0], safe="", errors="surrogateescape")


def input_mark(digest: str) -> str:
    """There once all files of the input are."""
    return f"{input_folder(digest)}.json"


def exec_watch(number: str) -> str:
    """The beat of the client that follows the command of this request."""
    return f"control/exec/{number}.json"


def heartbeat_key(node_id: str) -> str:
    return f"{HEARTBEATS}/{node_id}.json"


def task_key(task: str) -> str:
    return f"{TASKS}/{task}.json"


def left_key(task: str) -> str:
    return f"{LEFT}/{task}.json"


def log_folder(task: str) -> str:
    return f"{LOGS}/{task}"


def log_key(task: str, sequence: int) -> str:
    """The chunk `sequence` (from 0) of a task's log."""
    return f"{log_folder(task)}/{sequence:08d}.log"


def agent_log(node: int) -> str:
    """The log name ("task") of the agent on node `node`."""
    return f"agent-{node}"


def metrics_folder(task: str) -> str:
    return f"{METRICS}/{task}"


def metrics_key(task: str, sequence: int) -> str:
    """The chunk `sequence` (from 0) of a task's points."""
    return f"{metrics_folder(task)}/{sequence:08d}.jsonl"


def node_figures(node: int) -> str:
    """The name ("task") under which the node `node` tells its own figures: no task is called so."""
    return f"node-{node}"


def journal_key(sequence: int) -> str:
    """The entry `sequence` (from 0) of a tune's journal."""
    return f"{JOURNAL}/{sequence:08d}.json"


def claim_key(sequence: int) -> str:
    """The claim `sequence` (from 0) to a tune whose client has gone."""
    return f"control/resumed-by/{sequence:02d}.json"


def request_key(number: str) -> str:
    """In the requests' container, which nodes may only read."""
    return f"{number}.json"


def answer_key(number: str, node: int) -> str:
    return f"{ANSWERS}/{number}/{node}.json"


def exec_log(number: str, node: int) -> str:
    """The log name ("task") of a command that a client had run on node `node`."""
    return f"exec-{number[:8]}-{node}"


def inbox_folder(node: int) -> str:
    return f"inbox/{node}"


def inbox_key(node: int, request: str) -> str:
    return f"{inbox_folder(node)}/{request}.json"


def outbox_key(request: str) -> str:
    return f"outbox/{request}.json"


def output_key(folder: str, path: str) -> str:
    """`folder` is one of OUTPUT_FOLDERS, `path` relative to it with '/'; `output_path` undoes it."""
    return _key_of(OUTPUTS, f"{folder}/{path}")


def output_path(key: str) -> str:
    """The path, with its folder first, that `output_key` made `key` of."""
    return _path_of(OUTPUTS, key)


def mirror_key(path: str) -> str:
    """`path` is relative to ./logs, with '/'; `mirrored_path` undoes it."""
    return _key_of(_MIRRORS, path)


def mirrored_path(key: str) -> str:
    """The path that `mirror_key` made `key` of."""
    return _path_of(_MIRRORS, key)


def _key_of(folder: str, path: str) -> str:
    """A store's keys may not hold what a file's name may ('#', bytes that are not UTF-8): it is percent-encoded."""
    return f"{folder}/{quote(path, safe='/ ', errors='surrogateescape')}"


def _path_of(folder: str, key: str) -> str:
    return unquote(key.removeprefix(f"{folder}/"), errors="surrogateescape")


def wheel_claim_key(key: str, attempt: int) -> str:
    """The claim on building the wheel of `key`; the next attempt (from 0) is open once a builder is dead."""
    return f"wheels/{key}/claim-{attempt}.json"


def wheel_record_key(key: str) -> str:
    return f"wheels/{key}/wheel.json"


def wheel_failure_key(key: str) -> str:
    return f"wheels/{key}/failed.json"


def wheel_key(key: str, sha256: str) -> str:
    return f"wheels/{key}/{sha256}.whl"

"""What client and nodes tell each other: settings, inventory, heartbeats, how a run ended."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Annotated

from tfinfra.errors import DifferenceFound, Result, TfinfraError
from tfinfra.model.codec import to_json
from tfinfra.model.node_evidence import Locked
from tfinfra.model.shapes import (
    Address,
    Count,
    Duration,
    ExitStatus,
    Many,
    Moment,
    Name,
    Network,
    Pid,
    Sha256,
    Time,
    matching,
    one_of,
)

TaskState = Annotated[str, one_of("pending", "running", "succeeded", "failed", "stopped", "lost")]
NodesResult = Annotated[Result, one_of(Result.SUCCEEDED, Result.FAILED, Result.CANCELLED, Result.LIMIT)]
Wheel = Annotated[str, matching(r"[\w.+-]{1,200}\.whl", "a wheel's name")]


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a node or a peer may take before the run ends with a message. Differs by cloud, never by plan.
    `join`: how long a task may do something else while others wait for it. `listing`: how often a client asks the cloud
    which machines there are, while all of them answer."""

    register: Duration
    start: Duration
    heartbeat: Duration
    collect: Duration
    listing: Duration = 2.0
    join: Duration = 600.0


@dataclass(frozen=True)
class NodeSettings:
    """What one run tells its nodes: /etc/tfinfra/settings.json, written by the customData's second part.

    `store` and `shared` are URLs (file:///… or https://…); `deadline` is ISO 8601 in UTC; `arm_ca` is PEM text or None.
    `arm_audience` is whom tokens for ARM are for, None where that is the endpoint itself.
    `limit` is the key of limits that made the deadline, `run_seconds` how long after the run's start it is (None: as
    long as the plan's max_run_duration). `key_digest` is the SHA-256 (hex) of the key that the client will seal for the
    nodes, None where the run needs none: whatever comes with another key is not from the client. `may_delete` is false
    where the nodes' identity is of others, and shared. `locked` is what the run's lock says of its nodes, None where it
    has none. `requests` is the URL where the client asks something of nodes that live, and they may only read;
    `requests_key` (SigningKey.public) is whose signature it has: None where nothing is taken from anybody. `execs`:
    whether commands are. `latest` is the time up to which the tag of the node's group may put the deadline off, None
    where it may not.
    """

    run: str
    store: str
    shared: str | None
    bundle: str
    bundle_sha256: str
    identity_client_id: str
    arm_endpoint: str
    arm_ca: str | None
    compute_group_id: str
    deadline: Time
    timeouts: Timeouts
    limit: str = "max_run_duration"
    run_seconds: int | None = None
    arm_audience: str | None = None
    key_digest: str | None = None
    may_delete: bool = True
    locked: Locked | None = None
    requests: str | None = None
    requests_key: str | None = None
    execs: bool = True
    latest: Time | None = None


@dataclass(frozen=True)
class NodeRegistration:
    """nodes/<node_id>.json. `address` is dotted IPv4; `network` its CIDR, None where a node is a process of the
    host; `base_port` the first of the consecutive ports it holds; `gpus` the number it really has, `infiniband` that of
    its ports with such a link; `public_key` what the client seals for ("age1…"), None where it has none; `attested` the
    signature (base64) of the machine's attested document, whose nonce is that key's."""

    node_id: Name
    hostname: Name
    address: Address
    network: Network | None
    base_port: Count
    cores: Count
    gpus: Count
    public_key: str | None = None
    infiniband: Count = 0
    attested: str | None = None


@dataclass(frozen=True)
class DataSource:
    """Where a node finds an input or the checkpoints to resume from: below `prefix` in the object store at `store`, or,
    where the client and the nodes share a file system, in the folder of the file:// URL `folder`.

    `file` is the name of the only file, None for a folder. `quoted`: the store's keys are percent-encoded paths.
    `mode` is Input.mode; `blobfuse` the text of blobfuse2's configuration, where that mounts it.
    """

    mode: str
    store: str | None = None
    prefix: str = ""
    folder: str | None = None
    file: str | None = None
    quoted: bool = False
    blobfuse: str | None = None


@dataclass(frozen=True)
class DataSources:
    """data.json, which the client writes before the nodes boot: the inputs' sources by name, and the checkpoints'.
    `mark`: sealing.mark of `words` by the run's key, None where the run has none."""

    inputs: dict[str, DataSource]
    checkpoints: DataSource | None = None
    mark: str | None = None

    def words(self) -> tuple[str, str]:
        """What is marked: nodes run what lies there, mount it by its text and show its hosts their tokens."""
        return "data", json.dumps(to_json(replace(self, mark=None)), sort_keys=True)


@dataclass(frozen=True)
class Inventory:
    """inventory.json: the nodes sorted numerically by address, then by id. A node's rank is its place here."""

    nodes: tuple[NodeRegistration, ...]


@dataclass(frozen=True)
class TaskStatus:
    """tasks/<name>.json, as the task's own node saw it.

    `state`: pending, running, succeeded, failed, stopped (ended by tfinfra after the leader's end, or `cut_off`), lost.
    `exit_status`: 0 to 255, 128 + n for a signal n, None while it runs. Times are Unix seconds of the node. `joined`: a
    rank has called MPI_Init (hvd.init), a worker serves its address, as far as the node can see that. `cut_off`:
    somebody killed all processes of a rank at once, as its launcher does after another's failure: it is no cause.
    `out_of_memory`: the kernel killed one of its processes, as the memory of its node, or of its share, had run out.
    """

    task: Name
    node: Count
    state: TaskState
    pid: Pid | None = None
    exit_status: ExitStatus | None = None
    started: Moment | None = None
    ended: Moment | None = None
    attempt: Count = 0
    message: str | None = None
    joined: bool = False
    cut_off: bool = False
    out_of_memory: bool = False


@dataclass(frozen=True)
class Heartbeat:
    """heartbeats/<node_id>.json: `sequence` rises by one each beat; `phase` is what the node is doing; `changes` counts
    the task statuses that it has written, so that a watcher reads them only when there is a new one. `notice`: what its
    cloud says is about to happen to it ("evicted (spot)"), "" for nothing."""

    node_id: Name
    sequence: int
    time: Moment
    phase: str
    changes: int = 0
    notice: str = ""


@dataclass(frozen=True)
class Outcome:
    """outcome.json, written once by put-if-absent: how the training ended, by the node that saw it first.

    `result`: succeeded, failed, cancelled, limit. `task`, `exit_status` and `tail` (last log lines) name the first
    failing task, where one failed; else `tail` tells what the tasks were at. `hint` is the way out, where it is known.
    `differs`: no task was started, for a node is not what the run's lock says.
    """

    result: NodesResult
    message: str
    task: Name | None = None
    node: Count | None = None
    exit_status: ExitStatus | None = None
    tail: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    ended: Moment = 0.0
    hint: str | None = None
    differs: bool = False

    @property
    def error(self) -> type[TfinfraError] | None:
        """What is raised for a run that ended so, None after a success."""
        return DifferenceFound if self.differs else self.result.error

    @property
    def run_result(self) -> Result:
        """The run's result: a run that was never begun has not failed."""
        return Result.ERROR if self.differs else self.result

    @property
    def exit_code(self) -> int:
        return self.error.exit_code if self.error else 0

    def in_full(self) -> str:
        """The message and, indented below it, the lines of `tail`."""
        return "\n".join([self.message, *(f"    {line}" for line in self.tail)])


# The smaller records


@dataclass(frozen=True)
class BootFault:
    """boot/<node_id>.json: a node whose bootstrap failed, or that rebooted and was missed already."""

    error: str


@dataclass(frozen=True)
class StopRequest:
    """control/stop.json: the client ends the run."""

    reason: Annotated[Result, one_of(Result.CANCELLED, Result.LIMIT)]
    message: str = "the run was cancelled"


@dataclass(frozen=True)
class Beat:
    """control/watch.json: somebody looked on at `time` (Unix seconds of that client)."""

    time: Moment


@dataclass(frozen=True)
class CollectedMark:
    """collected.json: all outputs are in the store, but for the first that could not be brought (`failed`: name →
    reason) and as many more as `unnamed`. `warnings`: why nothing could; `skipped` is what is no file."""

    files: Many
    warnings: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    unnamed: Many = 0


@dataclass(frozen=True)
class CollectingMark:
    """collecting.json: what there is to bring. `names` are the sizes in bytes of the first files, by the keys that they
    get."""

    files: Many
    bytes: Many
    names: dict[str, int]


@dataclass(frozen=True)
class Forwarded:
    """forwarded.json: how many `points` the MLflow server at `uri` has taken; `problem` says why not all, None where
    nothing is wrong. `ended`: it was told after the last point how the run ended."""

    uri: str
    points: Many
    problem: str | None = None
    ended: bool = False


@dataclass(frozen=True)
class Mirrored:
    """mirror.json: the keys of the files of ./logs in mirror/, each with what changes when the file does."""

    files: dict[str, str]


@dataclass(frozen=True)
class LeftPlace:
    """Files that a task wrote at `place`, a folder or "" for its working folder: `first` are the first of their names
    there. `line` is where its script says so ("train.py:12"), None where that is not known, `instead` the path that
    would have put them into the outputs."""

    place: str
    files: Many
    bytes: Many
    first: tuple[str, ...]
    line: str | None
    instead: str


@dataclass(frozen=True)
class LeftFiles:
    """left/<task>.json: what a task wrote elsewhere than into the outputs, brought to left/<task>/. `beyond` names
    the first files of those that were too many or too large, `beyond_files` and `beyond_bytes` count them; `odd` is
    what is no file, or was not brought, each with the reason."""

    task: Name
    places: tuple[LeftPlace, ...]
    beyond: tuple[str, ...] = ()
    beyond_files: Many = 0
    beyond_bytes: Many = 0
    odd: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resumed:
    """resumed.json: the checkpoints to resume from are in place."""

    files: int


@dataclass(frozen=True)
class WheelClaim:
    """wheels/<key>/claim-<n>.json: which node builds."""

    node: Name


@dataclass(frozen=True)
class WheelRecord:
    """wheels/<key>/wheel.json: the wheel of the claim `attempt` is there."""

    name: Wheel
    sha256: Sha256
    attempt: Count


@dataclass(frozen=True)
class WheelFailure:
    """wheels/<key>/failed.json: the build failed, and would fail elsewhere too."""

    message: str


@dataclass(frozen=True)
class LauncherRequest:
    """inbox/<node>/<request>.json: what mpirun wants started on a node. `mark`: sealing.mark of it, None where only
    this run writes into the store."""

    command: str
    mark: str | None = None


@dataclass(frozen=True)
class LauncherAnswer:
    """outbox/<request>.json: how that ended; marked likewise."""

    exit_status: int
    mark: str | None = None

"""What client and nodes tell each other: settings, inventory, heartbeats, how a run ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a node or a peer may take before the run ends with a message. Differs by cloud, never by plan.
    `listing`: how often a client asks the cloud which machines there are, while all of them answer."""

    register: float
    start: float
    heartbeat: float
    collect: float
    listing: float = 2.0


@dataclass(frozen=True)
class NodeSettings:
    """What one run tells its nodes: /etc/tfinfra/settings.json, written by the customData's second part.

    `store` and `shared` are URLs (file:///… or https://…); `deadline` is ISO 8601 in UTC; `arm_ca` is PEM text or None.
    `arm_audience` is whom tokens for ARM are for, None where that is the endpoint itself.
    `limit` is the key of limits that made the deadline, `run_seconds` how long after the run's start it is (None: as
    long as the plan's max_run_duration). `may_delete` is false where the nodes' identity is of others, and shared.
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
    deadline: str
    timeouts: Timeouts
    limit: str = "max_run_duration"
    run_seconds: int | None = None
    arm_audience: str | None = None
    may_delete: bool = True


@dataclass(frozen=True)
class NodeRegistration:
    """nodes/<node_id>.json. `address` is dotted IPv4; `network` its CIDR, None where a node is a process of the
    host; `base_port` the first of the consecutive ports it holds; `gpus` the number it really has, `infiniband` that of
    its ports with such a link; `public_key` what the run's secrets are sealed for ("age1…"), None where it has none."""

    node_id: str
    hostname: str
    address: str
    network: str | None
    base_port: int
    cores: int
    gpus: int
    public_key: str | None = None
    infiniband: int = 0


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
    """data.json, which the client writes before the nodes boot: the inputs' sources by name, and the checkpoints'."""

    inputs: dict[str, DataSource]
    checkpoints: DataSource | None = None


@dataclass(frozen=True)
class Inventory:
    """inventory.json: the nodes sorted numerically by address, then by id. A node's rank is its place here."""

    nodes: tuple[NodeRegistration, ...]


@dataclass(frozen=True)
class TaskStatus:
    """tasks/<name>.json, as the task's own node saw it.

    `state`: pending, running, succeeded, failed, stopped (ended by tfinfra after the leader's end), lost.
    `exit_status`: 0 to 255, 128 + n for a signal n, None while it runs. Times are Unix seconds of the node. `joined`: a
    rank has called MPI_Init (hvd.init), as far as the node can see that.
    """

    task: str
    node: int
    state: str
    pid: int | None = None
    exit_status: int | None = None
    started: float | None = None
    ended: float | None = None
    attempt: int = 0
    message: str | None = None
    joined: bool = False


@dataclass(frozen=True)
class Heartbeat:
    """heartbeats/<node_id>.json: `sequence` rises by one each beat; `phase` is what the node is doing; `changes` counts
    the task statuses that it has written, so that a watcher reads them only when there is a new one. `notice`: what its
    cloud says is about to happen to it ("evicted (spot)"), "" for nothing."""

    node_id: str
    sequence: int
    time: float
    phase: str
    changes: int = 0
    notice: str = ""


@dataclass(frozen=True)
class Outcome:
    """outcome.json, written once by put-if-absent: how the training ended, whoever saw it first.

    `result`: succeeded, failed, cancelled, limit. `task`, `exit_status` and `tail` (last log lines) name the first
    failing task, where one failed.
    """

    result: str
    message: str
    task: str | None = None
    node: int | None = None
    exit_status: int | None = None
    tail: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    ended: float = 0.0

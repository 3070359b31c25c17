"""The frozen values that flow between passes, and from the client to the nodes.

Manifest (in manifest/) → Spec → Plan on the client; Plan + Inventory → tasks on the nodes. Everything here is plain
data: JSON goes in and out through `to_json` and `from_json`, and nothing touches a file, a clock or the environment.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """Seconds, counted from the first write to the cloud; US dollars at list price, None for no cap."""

    max_run_duration: int
    keep_outputs: int
    max_cost_usd: float | None = None


@dataclass(frozen=True)
class Target:
    """Where a run goes. `cloud` is "local" or "azure"; it is never part of the Plan.

    `other_locations` and `other_vm_sizes` come after the first, in the order written. `vm_priority` is "dedicated" or
    "low_priority"; `max_price` is US dollars an hour and node. Ids are ARM's; `store` is a container's URL.
    """

    name: str
    cloud: str
    location: str
    vm_size: str
    os_disk_gb: int
    subscription_id: str | None = None
    max_nodes: int | None = None
    other_locations: tuple[str, ...] = ()
    other_vm_sizes: tuple[str, ...] = ()
    vm_priority: str = "dedicated"
    max_price: float | None = None
    image: str | None = None
    zone: str | None = None
    subnet_id: str | None = None
    capacity_reservation_id: str | None = None
    identity_id: str | None = None
    store: str | None = None
    reaper_id: str | None = None


@dataclass(frozen=True)
class Requirements:
    """What the training environment is locked from. `pip` holds requirement lines, `conda` conda specs, each in the
    order written; `conda_channels` are names, URLs or folders, the first wins."""

    framework_version: str
    python_version: str
    pip: tuple[str, ...]
    horovod: bool
    gpu: bool
    conda: tuple[str, ...] = ()
    conda_channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Input:
    """Data for the tasks: `path` (of the client's machine, as the manifest writes it) or `url` (Blob). `mode`:
    "download" or "mount"."""

    name: str
    mode: str
    path: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Spec:
    """A manifest with every default filled in; nothing optional is left but what None means something for."""

    name: str
    source_directory: str
    entry_script: str
    arguments: tuple[str, ...]
    requirements: Requirements
    environment_variables: dict[str, str]
    use_gpu: bool
    node_count: int
    backend: str
    process_count_per_node: int
    worker_count: int
    parameter_server_count: int
    evaluator_count: int
    dialect: str | None
    dialect_reason: str | None
    target: Target
    limits: Limits
    hold_on_failure: int
    tags: dict[str, str]
    setup_script: str | None = None
    secrets: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    resume_from: str | None = None


@dataclass(frozen=True)
class Task:
    """One process of the training script: which node it runs on, which of the node's consecutive ports is its own.

    `name` is "<type>-<index>" ("worker-0", "rank-3", "main-0"). `slot` counts the tasks of one node from 0: the task's
    port is the node's base port + slot. `gpus` are indices on its node; None means all of them, () none.
    """

    name: str
    type: str
    index: int
    node: int
    slot: int
    gpus: tuple[int, ...] | None


@dataclass(frozen=True)
class Image:
    """A marketplace image by its four names, or by `id` one of a gallery or of the subscription (an ARM id)."""

    publisher: str | None = None
    offer: str | None = None
    sku: str | None = None
    version: str | None = None
    id: str | None = None

    @property
    def name(self) -> str:
        """As a manifest names it: "publisher:offer:sku:version", or its ARM id."""
        return self.id or ":".join(part or "" for part in (self.publisher, self.offer, self.sku, self.version))

    @property
    def newest(self) -> bool:
        """Whether it is the newest version there is when a machine boots, and not a certain one."""
        if self.id is None:
            return self.version == "latest"
        return "/galleries/" in self.id and ("/versions/" not in self.id or self.id.endswith("/versions/latest"))


@dataclass(frozen=True)
class Spot:
    """Nodes that Azure may take back. `max_price` is US dollars an hour and node; -1: up to the dedicated price."""

    max_price: float


@dataclass(frozen=True)
class Access:
    """What others made for runs of this target, None where a run makes its own: the ARM ids of the nodes' identity and
    of a workflow that deletes expired groups, and the URL of a container."""

    identity_id: str | None = None
    store: str | None = None
    reaper_id: str | None = None


@dataclass(frozen=True)
class Infrastructure:
    """What the stacks build. `orchestration_mode` is "Uniform" (InfiniBand, several nodes) or "Flexible".

    `ephemeral_os_disk`: the system disk lies on the node's own temporary disk and costs nothing. `security_type` is
    "TrustedLaunch" or "Standard". `spot` is None for dedicated nodes. With a `subnet_id` (an ARM id) the nodes join
    that subnet, and `address_space` and `subnet_prefix` mean nothing. `proximity_placement`: all in one data centre.
    """

    location: str
    vm_size: str
    node_count: int
    orchestration_mode: str
    infiniband: bool
    accelerated_networking: bool
    security_type: str
    image: Image
    os_disk_gb: int
    address_space: str
    subnet_prefix: str
    shared_directory: bool
    tags: dict[str, str]
    ephemeral_os_disk: bool = False
    spot: Spot | None = None
    zone: str | None = None
    subnet_id: str | None = None
    capacity_reservation_id: str | None = None
    proximity_placement: bool = False
    access: Access = Access()


@dataclass(frozen=True)
class PriceLine:
    """What is billed by time: US dollars an hour at list price for all of its quantity; None where the catalog has no
    price. `part` is the group that it goes with: "compute" at the deadline, "keep" when the outputs go."""

    item: str
    quantity: int
    usd_per_hour: float | None
    part: str = "compute"


@dataclass(frozen=True)
class UsageRate:
    """What is billed by bytes or calls: `usd` for each `per` ("GB", "GB and month", "10,000")."""

    item: str
    usd: float
    per: str


@dataclass(frozen=True)
class Plan:
    """Everything that is known before a cloud is asked: the content of plan.json.

    `alternatives` are the further places and sizes that would do as well, in the order to try them: choice 0 is
    `infrastructure`, choice n is `alternatives[n - 1]`. Nodes, tasks and GPUs are the same in all of them.
    """

    schema: int
    name: str
    backend: str
    dialect: str | None
    node_count: int
    processes_per_node: int
    gpus_per_node: int
    use_gpu: bool
    base_port: int
    tasks: tuple[Task, ...]
    entry_script: str
    arguments: tuple[str, ...]
    environment_variables: dict[str, str]
    requirements: Requirements
    limits: Limits
    hold_on_failure: int
    infrastructure: Infrastructure
    alternatives: tuple[Infrastructure, ...] = ()
    setup_script: str | None = None
    secrets: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    resume_from: str | None = None

    @property
    def choices(self) -> tuple[Infrastructure, ...]:
        """All infrastructures that would do, by their number."""
        return (self.infrastructure, *self.alternatives)


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a node or a peer may take before the run ends with a message. Differs by cloud, never by plan."""

    register: float
    start: float
    heartbeat: float
    collect: float


@dataclass(frozen=True)
class NodeSettings:
    """What one run tells its nodes: /etc/tfinfra/settings.json, written by the customData's second part.

    `store` and `shared` are URLs (file:///… or https://…); `deadline` is ISO 8601 in UTC; `arm_ca` is PEM text or None.
    `limit` is the key of limits that made the deadline, `run_seconds` how long after the run's start it is (None: as
    long as the plan's max_run_duration).
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


@dataclass(frozen=True)
class NodeRegistration:
    """nodes/<node_id>.json. `address` is dotted IPv4; `network` its CIDR, None where a node is a process of the
    host; `base_port` the first of the consecutive ports it holds; `gpus` the number it really has; `public_key` what
    the run's secrets are sealed for ("age1…"), None where it has none."""

    node_id: str
    hostname: str
    address: str
    network: str | None
    base_port: int
    cores: int
    gpus: int
    public_key: str | None = None


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


def to_json(value: Any) -> Any:
    """`value` as JSON's own types: dataclasses become objects in field order, tuples arrays."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, (list, tuple)):
        return [to_json(v) for v in value]
    if isinstance(value, dict):
        return {k: to_json(v) for k, v in value.items()}
    return value


def from_json(kind: type[T], data: Any) -> T:
    """The `kind` that `to_json` made `data` from. Raises KeyError or TypeError where it is not one."""
    decode = _decoder(typing.cast(Any, kind))
    return typing.cast(T, decode(data))


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    """What turns JSON into `kind`, made once for each: looking at annotations takes most of the time."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass_decoder(kind)
    if origin in (typing.Union, types.UnionType):
        inner = _decoder(next(a for a in args if a is not type(None)))
        return inner if inner is _as_it_is else lambda data: None if data is None else inner(data)
    if origin is tuple:
        item = _decoder(args[0])
        return lambda data: tuple(map(item, data))
    if origin is dict:
        value = _decoder(args[1])
        return lambda data: {k: value(v) for k, v in data.items()}
    return _as_it_is


def _dataclass_decoder(kind: type) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(kind)
    decoders = {f.name: _decoder(hints[f.name]) for f in fields(kind)}
    return lambda data: kind(**{name: decode(data[name]) for name, decode in decoders.items() if name in data})


def _as_it_is(data: Any) -> Any:
    return data

"""What a manifest says, with every default filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from tfinfra.model.shapes import Line, Name, one_of
from tfinfra.model.tuning import Tune


@dataclass(frozen=True)
class Limits:
    """Seconds, counted from the first write to the cloud; US dollars at list price, None for no cap. `duration_key` is
    the key that says max_run_duration: of a tune max_duration_minutes."""

    max_run_duration: int
    keep_outputs: int
    max_cost_usd: float | None = None
    duration_key: Name = "max_run_duration"


TUNE_DURATION = "max_duration_minutes"


def limit_key(limit: str) -> str:
    """A limit as the manifest has it: "limits.max_cost_usd", "tune.max_duration_minutes"."""
    return f"{'tune' if limit == TUNE_DURATION else 'limits'}.{limit}"


PYPI = "https://pypi.org/simple"
"""The index that pip and uv ask where none is named."""


@dataclass(frozen=True)
class PackageSources:
    """Where pip packages come from: the index (None: what the machine that asks is configured to, else PyPI), indexes
    that come before it, and pages of wheels. All are URLs without credentials."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()

    @property
    def all_indexes(self) -> tuple[str, ...]:
        return (*((self.index_url,) if self.index_url else ()), *self.extra_index_urls)


@dataclass(frozen=True)
class Target:
    """Where a run goes. `cloud` is "local" or "azure"; it is never part of the Plan.

    `other_locations` and `other_vm_sizes` come after the first, in the order written. `vm_priority` is "dedicated" or
    "low_priority"; `max_price` is US dollars an hour and node. Ids are ARM's; `store` is a container's URL.
    """

    name: Line
    cloud: Annotated[str, one_of("local", "azure")]
    location: Line
    vm_size: Line
    os_disk_gb: int
    subscription_id: Line | None = None
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
    sources: PackageSources = field(default_factory=PackageSources)


@dataclass(frozen=True)
class Requirements:
    """What the training environment is locked from. `pip` holds requirement lines, `conda` conda specs, each in the
    order written; `conda_channels` are names, URLs or folders, the first wins. `source_builds` names the packages that
    may be built from source; all others come as wheels. `constraints` are requirement lines that limit what others ask
    for; with `prereleases`, pre-releases are taken; `sources` are the target's."""

    framework_version: str
    python_version: str
    pip: tuple[str, ...]
    horovod: bool
    gpu: bool
    conda: tuple[str, ...] = ()
    conda_channels: tuple[str, ...] = ()
    source_builds: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    prereleases: bool = False
    sources: PackageSources = field(default_factory=PackageSources)


@dataclass(frozen=True)
class Input:
    """Data for the tasks: `path` (of the client's machine, as the manifest writes it) or `url` (Blob). `mode`:
    "download" or "mount"."""

    name: str
    mode: str
    path: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class MetricsWanted:
    """What becomes of a run's metrics: `primary` is the one that is shown (None: what the leader logged last), and an
    MLflow server at `tracking_uri` gets all points too, with the secret `token` as its bearer token."""

    primary: str | None = None
    tracking_uri: str | None = None
    token: str | None = None


@dataclass(frozen=True)
class Spec:
    """A manifest with every default filled in; nothing optional is left but what None means something for.

    Of a tune, `node_count`, the counts of tasks and `limits.max_run_duration` are those of each trial.
    """

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
    target: Target
    limits: Limits
    hold_on_failure: int
    tags: dict[str, str]
    setup_script: str | None = None
    secrets: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    resume_from: str | None = None
    metrics: MetricsWanted | None = None
    tune: Tune | None = None

    @property
    def trials_at_once(self) -> int:
        """How many trials live at a time; 1 where nothing is tuned."""
        return self.tune.max_concurrent_runs if self.tune else 1

    @property
    def all_nodes(self) -> int:
        """The nodes of the whole run: those of all trials at a time."""
        return self.node_count * self.trials_at_once

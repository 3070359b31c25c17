"""The effects that the phases of a run need of other rooms, as plain functions: `real_ports` ties them to the engine,
the environment, the bundle and ARM; tests hand in fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.cloud import Cloud
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import Diagnostic
from tfinfra.model import Access, Infrastructure, NodeRegistration, Plan, Requirements, Target
from tfinfra.store import ObjectStore
from tfinfra.system.local_tree import LocalTree
from tfinfra.system.progress import Progress


class EngineSeam(Protocol):
    """One run's stacks. `part` is "keep" or "compute"."""

    def up(self, part: str, config: Mapping[str, str]) -> dict[str, Any]:
        """Makes the part's resources and returns the stack's outputs. Raises ProvisioningError."""

    def export(self, part: str) -> dict[str, Any]:
        """The part's state, as Pulumi exports it."""

    def close(self) -> None:
        """Ends the provider and whatever update is under way."""


class BundleSeam(Protocol):
    """What the nodes fetch: `key` in the store, digest `sha256`, content at `path`."""

    @property
    def key(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def path(self) -> Path: ...


class LockSeam(Protocol):
    """The exact packages of a training environment; `key` is their hash."""

    @property
    def key(self) -> str: ...


@dataclass(frozen=True)
class Ports:
    """`ensure_cli` gets what provisioning takes on this machine, where it is not there: Pulumi, and its azure-native
    plugin where the cloud brings none. `check_source` raises ManifestError for a source directory that cannot be
    shipped. `build_environment` gives the folder that nodes mount, None where each node builds its own. `delete_group`
    takes the group and its run, returns once ARM says 404, tells what it tries again, and raises TeardownIncomplete;
    `remove` takes the ARM id of one resource, its group and the run, returns once that is gone, and raises
    ProvisioningError or TeardownIncomplete; `arm_answers` is whether ARM answers a request at all, within seconds;
    `known_lack` says why one of the plan's places cannot have its nodes (the flag: something of the run was tried in
    its location before), None where it may; `drop_stacks` forgets stacks in a backend of the user's own (with True also
    those that somebody has locked) and gives what remains and why.

    `groups` are all runs', `untagged_groups` groups that are only named as a run's; `store_of` and `share_of` are the
    URLs of the store and of the share in a keep group, None where there is none; `prerequisites` finds what the
    subscription has ready and raises NotFeasible; `timer_armed` waits for the proof that the workflow in a group can
    act;
    `running_instances` counts a group's living machines, None where ARM does not know; `deaths` says what it knows of
    those that are gone ("": nothing); `machine_ids` are the vmIds of all that ARM lists there; `attest` raises
    NotAttested where a node's attested document does not name its key. `read_tree` hashes a local input. `preflight`
    asks ARM whether the plan (its deploy folder, its run) can work, where the cloud wants that: it gives warnings, and
    raises what speaks against it.
    """

    cloud: Cloud
    ensure_cli: Callable[[Progress], Path]
    check_source: Callable[[Plan, Path], None]
    make_lock: Callable[[Requirements, Progress], LockSeam]
    build_environment: Callable[[LockSeam, Progress], Path | None]
    build_bundle: Callable[[Plan, Path, LockSeam, Path | None, Path, Progress], BundleSeam]
    engine: Callable[[Path, str, Path, Progress], EngineSeam]
    open_store: Callable[[str], ObjectStore]
    delete_group: Callable[[str, str, Progress], None]
    remove: Callable[[str, str, str], None]
    arm_answers: Callable[[], bool]
    known_lack: Callable[[Plan, Target, Infrastructure, bool], str | None]
    drop_stacks: Callable[[Sequence[str], bool], dict[str, str]]
    running_instances: Callable[[str], int | None]
    deaths: Callable[[str], str]
    machine_ids: Callable[[str], frozenset[str]]
    attest: Callable[[NodeRegistration], None]
    read_tree: Callable[[Path, Progress], LocalTree]
    groups: Callable[[], Sequence[RunGroup]]
    prerequisites: Callable[[Access], Prerequisites]
    untagged_groups: Callable[[], Sequence[str]]
    store_of: Callable[[str], str | None]
    share_of: Callable[[str], str | None]
    timer_armed: Callable[[str, str], bool]
    warm_teardown: Callable[[], None]
    gpu_count: Callable[[], int]
    clock: Callable[[], float]
    preflight: Callable[[Compiled, Path, str], Sequence[Diagnostic]]

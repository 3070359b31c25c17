"""What the phases of a run ask of ARM, on one cloud. The clients of azure/ take half a second to import, and some runs
ask little of them: each method imports its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfinfra.arm.requests import ArmAnswer
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.azure.prerequisites.find import Prerequisites, require_prerequisites
from tfinfra.cloud import Cloud
from tfinfra.model import Access, Infrastructure, Plan, Target
from tfinfra.money.budget import DELETION_SECONDS
from tfinfra.store.waiting import GRANT
from tfinfra.system.progress import Progress

REMOVAL = 600.0
"""Seconds that one resource may take to go; a scale set with machines takes minutes."""
NO_QUERY: Mapping[str, str] = {}
ENDED = ("stopping", "stopped", "deallocating", "deallocated", "deleting", "failed")
"""States of a machine that will say nothing more."""


class RunArm:
    """Group names are ARM's, without the subscription. A cloud of this machine that has ended meanwhile is started
    again by what lists the runs, deletes or counts machines, and by `prerequisites`; the rest takes it to be up."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def answers(self) -> bool:
        """Whether ARM answers a request at all, within seconds."""
        from tfinfra.azure.clients import arm_answers

        return arm_answers(self._cloud)

    def read(self, path: str, version: str, query: Mapping[str, str] = NO_QUERY, *, patient: bool = True) -> ArmAnswer:
        """What ARM has at a path, whatever it answers. Raises CredentialsError."""
        from tfinfra.azure.reading import read

        return read(self._cloud, path, version, query, patient=patient)

    # Groups

    def keep_outputs(self, run: str, group: str, access: Access) -> dict[str, Any]:
        """What the keep stack of a run exports, as ARM has it. Raises ProvisioningError."""
        from tfinfra.azure.keep_outputs import keep_outputs

        return keep_outputs(self._cloud, run, group, access)

    def groups(self) -> Sequence[RunGroup]:
        """The groups of all runs. Raises CredentialsError, ProvisioningError."""
        from tfinfra.azure.deletion.groups import list_runs

        self._cloud.ensure()
        return list_runs(self._cloud)

    def untagged_groups(self) -> Sequence[str]:
        """The groups that are only named or only tagged as a run's. Raises as `groups`."""
        from tfinfra.azure.deletion.groups import untagged_groups

        return untagged_groups(self._cloud)

    def store_of(self, group: str) -> str | None:
        """The URL of the store in a keep group, None where there is none."""
        from tfinfra.azure.stores import run_store

        return run_store(self._cloud, group)

    def share_of(self, group: str) -> str | None:
        """The URL of the share in a keep group, None where there is none."""
        from tfinfra.azure.stores import run_share

        return run_share(self._cloud, group)

    def put_off(self, group: str, run: str, moment: str) -> None:
        """Sets the time (ISO 8601) at which a group of the run expires, by its tag. Raises ProvisioningError."""
        from tfinfra.azure.expiry import put_off

        put_off(self._cloud, group, run, moment)

    def delete_group(self, group: str, run: str, progress: Progress) -> None:
        """Returns once ARM says 404; `progress` hears of what is tried again. Raises ForeignInside,
        TeardownIncomplete."""
        from tfinfra.azure.deletion.delete_group import delete_group

        self._cloud.ensure()
        delete_group(self._cloud, group, run, timeout=DELETION_SECONDS, progress=progress)

    def remove(self, id_: str, group: str, run: str) -> None:
        """Removes one resource of a run's group; returns once it is gone. Raises ProvisioningError,
        TeardownIncomplete."""
        from tfinfra.azure.deletion.removal import remove

        self._cloud.ensure()
        remove(self._cloud, id_, group, run, timeout=REMOVAL)

    # Machines

    def running_instances(self, group: str) -> int | None:
        """How many machines of a group live. Raises ProvisioningError where ARM does not know."""
        from tfinfra.azure.vm_instances import instances

        self._cloud.ensure()
        return sum(machine.state not in ENDED for machine in instances(self._cloud, group))

    def deaths(self, group: str) -> str:
        """What ARM knows of machines of a group that are gone, "" where that is nothing."""
        from tfinfra.azure.vm_instances import deaths

        return deaths(self._cloud, group)

    def machine_ids(self, group: str) -> frozenset[str]:
        """The vmIds of all machines that ARM lists in a group."""
        from tfinfra.azure.vm_instances import instances

        self._cloud.ensure()
        return frozenset(machine.vm_id for machine in instances(self._cloud, group))

    # What a run may have

    def prerequisites(self, access: Access) -> Prerequisites:
        """What the subscription has ready. Raises NotFeasible."""
        self._cloud.ensure()
        return require_prerequisites(self._cloud, access)

    def known_shortage(self, plan: Plan, target: Target, place: Infrastructure, *, tried: bool) -> str | None:
        """Why one of the plan's places cannot have its nodes, None where it may. `tried`: something of the run was
        tried in its location before."""
        if not self._cloud.preflight:
            return None
        from tfinfra.azure.preflight.capacity_check import known_shortage

        return known_shortage(self._cloud, plan, target, place, tried=tried)

    def timer_armed(self, group: str, workflow: str) -> bool:
        """Waits for the proof that the timer in a group can act; whether there is one."""
        from tfinfra.azure.timer import await_armed

        return await_armed(self._cloud, group, workflow, timeout=GRANT * self._cloud.timeouts.register)

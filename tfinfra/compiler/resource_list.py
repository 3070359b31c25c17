"""The resources of a plan as a person wants to see them: what the stacks will make, in which of the two groups."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.model import Infrastructure, Plan


@dataclass(frozen=True)
class Resource:
    """`group` is "keep" or "compute", `type` ARM's, `what` a few words."""

    group: str
    type: str
    what: str


def resources(plan: Plan) -> tuple[Resource, ...]:
    """All of them, the keep group's first; the resource groups themselves included."""
    made = plan.infrastructure
    return (*_keep(made), *_compute(made))


def _keep(made: Infrastructure) -> list[Resource]:
    others = made.access
    rows = [("Microsoft.Resources/resourceGroups", "resource group: lives until the outputs are fetched")]
    if not others.store:
        rows.append(("Microsoft.Storage/storageAccounts", "storage account and container: bundle, logs, outputs"))
    if not others.identity_id:
        identities = "the nodes' identity" if others.reaper_id else "identities: the nodes', and the timer's"
        deletion = "" if others.reaper_id else ", deletion"
        rows.append(("Microsoft.ManagedIdentity/userAssignedIdentities", identities))
        granted = f"role assignments: blobs for the nodes and for you{deletion}"
        rows.append(("Microsoft.Authorization/roleAssignments", granted))
    if not others.reaper_id:
        rows.append(("Microsoft.Logic/workflows", "timer: deletes what has expired"))
    if made.shared_directory:
        rows.append(
            ("Microsoft.Storage/storageAccounts", "storage account with an NFS share: the tasks' shared directory")
        )
    return [Resource("keep", kind, what) for kind, what in rows]


def _compute(made: Infrastructure) -> list[Resource]:
    rows = [
        ("Microsoft.Resources/resourceGroups", "resource group: everything billed by the hour"),
        ("Microsoft.Network/networkSecurityGroups", "firewall: nothing comes in but from the nodes' own subnet"),
        ("Microsoft.Network/publicIPAddresses", "public address, of the NAT gateway only"),
        ("Microsoft.Network/natGateways", "NAT gateway"),
        ("Microsoft.Network/virtualNetworks", f"network {made.address_space}, subnet {made.subnet_prefix}"),
    ]
    if not made.access.identity_id:
        rows.append(("Microsoft.Authorization/roleAssignments", f"role assignments to end this group{_who(made)}"))
    if made.shared_directory:
        rows.append(
            ("Microsoft.Network/privateEndpoints", "private endpoint of the shared directory, with its DNS zone")
        )
    return [Resource("compute", kind, what) for kind, what in [*rows, _scale_set(made)]]


def _who(made: Infrastructure) -> str:
    return " for the nodes" if made.access.reaper_id else " for the nodes and the timer"


def _scale_set(made: Infrastructure) -> tuple[str, str]:
    network = ", one placement group on InfiniBand" if made.infiniband else ""
    what = (
        f"{made.orchestration_mode} scale set: {made.node_count} x {made.vm_size}, {made.os_disk_gb} GB disk{network}"
    )
    return "Microsoft.Compute/virtualMachineScaleSets", what

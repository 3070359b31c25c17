"""The resources of a plan for a person to read: what the stacks will make, in which of the two groups."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.catalog.features import features
from tfinfra.model import Infrastructure, Plan


@dataclass(frozen=True)
class PlannedResource:
    """`group` is "keep" or "compute", `type` ARM's, `what` a few words."""

    group: str
    type: str
    what: str


def resources(plan: Plan) -> tuple[PlannedResource, ...]:
    """All of them, the keep group's first; the resource groups themselves included."""
    made = plan.infrastructure
    return (*_keep(made), *_compute(made))


def _keep(made: Infrastructure) -> list[PlannedResource]:
    others = made.access
    rows = [("Microsoft.Resources/resourceGroups", "resource group: lives until the outputs are fetched")]
    if not others.store:
        rows.append(("Microsoft.Storage/storageAccounts", "storage account and container: bundle, logs, outputs"))
    if others.identity_id and not others.reaper_id:
        rows.append(("Microsoft.ManagedIdentity/userAssignedIdentities", "the timer's identity"))
        rows.append(("Microsoft.Authorization/roleAssignments", "role assignment: deletion, for the timer"))
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
    return [PlannedResource("keep", kind, what) for kind, what in rows]


def _compute(made: Infrastructure) -> list[PlannedResource]:
    rows = [
        ("Microsoft.Resources/resourceGroups", "resource group: everything billed by the hour"),
        ("Microsoft.Network/networkSecurityGroups", "firewall: nothing comes in but from the run's own nodes"),
    ]
    if made.subnet_id is not None:
        what = f"group of the nodes in your subnet {made.subnet_id}"
        rows.append(("Microsoft.Network/applicationSecurityGroups", what))
    else:
        rows += [
            ("Microsoft.Network/publicIPAddresses", "public address, of the NAT gateway only"),
            ("Microsoft.Network/natGateways", "NAT gateway"),
            ("Microsoft.Network/virtualNetworks", f"network {made.address_space}, subnet {made.subnet_prefix}"),
        ]
    others = {"the nodes": made.access.identity_id, "the timer": made.access.reaper_id}
    if who := " and ".join(name for name, id_ in others.items() if not id_):
        rows.append(("Microsoft.Authorization/roleAssignments", f"role assignments to end this group for {who}"))
    if made.shared_directory:
        name = "lines in the nodes' /etc/hosts" if made.subnet_id else "DNS zone"
        rows.append(
            ("Microsoft.Network/privateEndpoints", f"private endpoint of the shared directory, with its {name}")
        )
    if made.proximity_placement:
        rows.append(("Microsoft.Compute/proximityPlacementGroups", "proximity placement: all nodes in one data centre"))
    return [PlannedResource("compute", kind, what) for kind, what in [*rows, _scale_set(made)]]


def _scale_set(made: Infrastructure) -> tuple[str, str]:
    disk = f"{made.os_disk_gb} GB {'of the node for the system' if made.ephemeral_os_disk else 'disk'}"
    nvme = features(made.vm_size).scratch_gib
    parts = (
        f"{made.node_count} x {made.vm_size}, {disk}",
        f"{nvme:,} GiB of NVMe for scratch" if nvme else "",
        "one placement group on InfiniBand" if made.infiniband else "",
        "low priority" if made.spot else "",
        f"zone {made.zone}" if made.zone else "",
        "reserved capacity" if made.capacity_reservation_id else "",
        "Trusted Launch" if made.security_type == "TrustedLaunch" else "",
    )
    what = f"{made.orchestration_mode} scale set: {', '.join(part for part in parts if part)}"
    return "Microsoft.Compute/virtualMachineScaleSets", what

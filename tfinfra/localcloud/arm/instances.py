"""The virtual machines of scale sets as ARM shows them, in both orchestration modes: what is shown is what runs."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from tfinfra.localcloud.arm.core import Core
from tfinfra.localcloud.arm.providers import compute
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import group_not_found, resource_not_found
from tfinfra.localcloud.common.state import ArmResource
from tfinfra.localcloud.machines.interface import InstanceState

MACHINES = "Microsoft.Compute/virtualMachines"
SET_MACHINES = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"
RUNNING = [
    {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded"},
    {"code": "PowerState/running", "level": "Info", "displayStatus": "VM running"},
]


async def set_machines(core: Core, scale_set: ids.Address) -> list[dict[str, Any]]:
    """The instances of a scale set that run. Raises ArmRefusal where there is no such set."""
    resource = core.get(scale_set)
    living = await asyncio.to_thread(compute.living, core.context, resource)
    return [_document(resource, instance, state) for instance, state in living]


async def machines(core: Core, address: ids.Address, filter_: str) -> list[dict[str, Any]]:
    """The virtual machines of a group, or of the one Flexible set that the filter names."""
    if address.group and core.context.state.group(address.group) is None:
        raise group_not_found(address.group)
    wanted = re.search(r"'([^']*/virtualMachineScaleSets/[^']*)'\s*$", filter_, re.IGNORECASE)
    sets = core.context.state.of_type(compute.SCALE_SETS, address.scope)
    found = [s for s in sets if compute.is_flexible(s) and (not wanted or s.id.lower() == wanted.group(1).lower())]
    return [d for s in found for d in await set_machines(core, s.address)]


async def one_machine(core: Core, address: ids.Address) -> dict[str, Any]:
    """One instance. Raises ArmRefusal (404) once it is gone."""
    if address.type.lower() == MACHINES.lower():
        candidates = await machines(core, address, "")
    else:
        candidates = await set_machines(core, ids.parse("/".join(address.path.split("/")[:9])))
    for document in candidates:
        if document["id"].lower() == address.key:
            return document
    raise resource_not_found(address.type, "/".join(address.names), address.group)


async def instance_view(core: Core, scale_set: ids.Address) -> dict[str, Any]:
    """How many instances are how, and what is known of those that died."""
    resource = core.get(scale_set)
    living = await asyncio.to_thread(compute.living, core.context, resource)
    dead = await asyncio.to_thread(compute.dead, core.context, resource)
    counts = [{"code": "ProvisioningState/succeeded", "count": len(living)}]
    messages = [_death(state) for state in dead]
    return {
        "virtualMachine": {"statusesSummary": counts},
        "statuses": [{"code": f"ProvisioningState/{resource.provisioning_state.lower()}", "level": "Info"}, *messages],
    }


def _death(state: InstanceState) -> dict[str, str]:
    return {"code": "InstanceGone", "level": "Error", "displayStatus": state.name, "message": state.message}


def _document(scale_set: ArmResource, instance: dict[str, str], state: InstanceState) -> dict[str, Any]:
    flexible = compute.is_flexible(scale_set)
    group = "/".join(scale_set.id.split("/")[:5])
    id_ = f"{group}/providers/{MACHINES}/{instance['name']}" if flexible else None
    own = {} if flexible else {"instanceId": instance["instance"]}
    properties = {
        "vmId": instance["vm_id"],
        "provisioningState": "Succeeded",
        "osProfile": {"computerName": instance["computer"]},
        "instanceView": {"statuses": RUNNING, "computerName": instance["computer"]},
        "networkProfileConfiguration": {},
        "privateIPAddress": state.address,
        **({"virtualMachineScaleSet": {"id": scale_set.id}} if flexible else {}),
    }
    return {
        "id": id_ or f"{scale_set.id}/virtualMachines/{instance['instance']}",
        "name": instance["name"],
        "type": MACHINES if flexible else SET_MACHINES,
        "location": scale_set.body.get("location"),
        "tags": scale_set.tags,
        "sku": scale_set.body.get("sku"),
        "properties": properties,
        **own,
    }

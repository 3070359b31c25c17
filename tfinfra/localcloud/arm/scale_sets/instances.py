"""The virtual machines of scale sets as ARM shows them, in both orchestration modes: what is shown is what runs."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from tfinfra.localcloud.arm.core import Core
from tfinfra.localcloud.arm.providers import compute
from tfinfra.localcloud.arm.scale_sets import interfaces
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import group_not_found, resource_not_found

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
    flexible = compute.is_flexible(resource)
    image = (compute.profile(resource).get("storageProfile") or {}).get("imageReference") or {}
    documents = []
    for instance, state in living:
        properties = {
            "vmId": instance["vm_id"],
            "provisioningState": "Succeeded",
            "hardwareProfile": {"vmSize": (resource.body.get("sku") or {}).get("name")} if flexible else {},
            "storageProfile": {"imageReference": image},
            "osProfile": {"computerName": instance["computer"]},
            "networkProfile": {"networkInterfaces": [{"id": interfaces.interface_id(resource, instance)}]},
            "instanceView": {"statuses": RUNNING, "computerName": instance["computer"]},
            "networkProfileConfiguration": {},
            "privateIPAddress": state.address,
            **({"virtualMachineScaleSet": {"id": resource.id}} if flexible else {}),
        }
        document = {
            "id": compute.machine_id(resource, instance),
            "name": instance["name"],
            "type": MACHINES if flexible else SET_MACHINES,
            "location": resource.body.get("location"),
            "tags": resource.tags,
            "properties": properties,
            **({"identity": resource.body["identity"]} if flexible and resource.body.get("identity") else {}),
            **({} if flexible else {"instanceId": instance["instance"], "sku": resource.body.get("sku")}),
        }
        documents.append(document)
    return documents


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
    """The counts of instances by state, and what is known of those that died."""
    resource = core.get(scale_set)
    living = await asyncio.to_thread(compute.living, core.context, resource)
    dead = await asyncio.to_thread(compute.dead, core.context, resource)
    counts = [{"code": "ProvisioningState/succeeded", "count": len(living)}]
    messages = [{"code": "InstanceGone", "level": "Error", "displayStatus": s.name, "message": s.message} for s in dead]
    return {
        "virtualMachine": {"statusesSummary": counts},
        "statuses": [{"code": f"ProvisioningState/{resource.provisioning_state.lower()}", "level": "Info"}, *messages],
    }

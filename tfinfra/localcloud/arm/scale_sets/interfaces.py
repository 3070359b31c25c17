"""The network interfaces of scale sets' machines. Nobody has written them, but somebody may write one anew: what is
stored counts then."""

from __future__ import annotations

from typing import Any

from tfinfra.localcloud.arm.core import Core
from tfinfra.localcloud.arm.providers import compute
from tfinfra.localcloud.arm.strict.not_found import not_found
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import group_not_found
from tfinfra.localcloud.common.state import ArmResource

INTERFACES = "Microsoft.Network/networkInterfaces"
OF_SET = f"{compute.SCALE_SETS}/networkInterfaces"
TYPES = (INTERFACES.lower(), OF_SET.lower())


def interface_id(scale_set: ArmResource, instance: dict[str, str]) -> str:
    """Those of a Flexible set are resources of the group, named after the configuration and something random."""
    if compute.is_flexible(scale_set):
        letters = str(instance["vm_id"]).replace("-", "")[:8]
        return f"{scale_set.address.group_path}/providers/{INTERFACES}/nic0-{letters}"
    return f"{scale_set.id}/virtualMachines/{instance['instance']}/networkInterfaces/nic0"


def listed(core: Core, address: ids.Address) -> list[dict[str, Any]]:
    """The interfaces of a group or of the subscription, or those of a Uniform set's machines. Raises ArmRefusal."""
    if address.type.lower() == OF_SET.lower():
        return _of(core.get(ids.parse(address.path.rpartition("/")[0])))
    if address.group and core.context.state.group(address.group) is None:
        raise group_not_found(address.group)
    sets = core.context.state.of_type(compute.SCALE_SETS, address.scope)
    made = {d["id"].lower(): d for s in sets if compute.is_flexible(s) for d in _of(s)}
    stored = {r.id.lower(): core.view(r) for r in core.context.state.of_type(INTERFACES, address.scope)}
    return list({**made, **stored}.values())


def answer(core: Core, address: ids.Address) -> dict[str, Any]:
    """What a GET of one interface, or of a list of them, gives. Raises ArmRefusal."""
    is_one = address.type.lower() == INTERFACES.lower() and not address.is_collection
    return one(core, address) if is_one else {"value": listed(core, address)}


def one(core: Core, address: ids.Address) -> dict[str, Any]:
    """One interface of a group. Raises ArmRefusal (404)."""
    for document in listed(core, ids.parse(address.path.rpartition("/")[0])):
        if document["id"].lower() == address.key:
            return document
    raise not_found(core.context.state, address)


def _of(scale_set: ArmResource) -> list[dict[str, Any]]:
    configurations = compute.ip_configurations(scale_set)
    documents = []
    for instance in scale_set.internal.get("instances", ()):
        id_ = interface_id(scale_set, instance)
        addresses = [{"name": "ip0", "properties": dict(found)} for found in configurations]
        machine = {"id": compute.machine_id(scale_set, instance)}
        properties = {"provisioningState": "Succeeded", "virtualMachine": machine, "ipConfigurations": addresses}
        document = {"id": id_, "name": id_.rpartition("/")[2], "type": INTERFACES, "properties": properties}
        documents.append({**document, "location": scale_set.body.get("location"), "tags": scale_set.tags})
    return documents

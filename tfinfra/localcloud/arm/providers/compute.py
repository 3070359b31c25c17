"""Scale sets: a PUT boots machines, and ARM shows the instances as the machines are."""

from __future__ import annotations

import base64
import ipaddress
import secrets
import string
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfinfra.localcloud.arm.checks.scale_set import check_scale_set, has_infiniband
from tfinfra.localcloud.arm.providers import instance_document, mounts, quota
from tfinfra.localcloud.arm.providers.colocation import check_colocation
from tfinfra.localcloud.arm.providers.network import prefixes
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext, ResourceProvider
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource, State
from tfinfra.localcloud.machines.interface import Disk, InstanceSpec, InstanceState, ScaleSetSpec

SCALE_SETS = "Microsoft.Compute/virtualMachineScaleSets"
_FABRIC = ipaddress.ip_network("172.16.0.0/16")
_LETTERS = string.ascii_lowercase + string.digits


class ScaleSets(ResourceProvider):
    slow = True
    hidden = (
        "properties.virtualMachineProfile.osProfile.customData",
        "properties.virtualMachineProfile.osProfile.adminPassword",
        "properties.virtualMachineProfile.userData",
    )

    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        violations = check_scale_set(resource.body)
        if violations:
            raise ArmRefusal(400, violations[0].code, " ".join(v.message for v in violations))
        check_colocation(context, resource, subnet_ids(resource))
        _check_fabric(context, resource)
        quota.check(context, resource)
        kept = before.internal.get("instances") if before else None
        unique = before.properties["uniqueId"] if before else str(uuid.uuid4())
        network = subnet_prefix(context, resource)
        made = resource.with_internal(instances=kept or new_instances(resource), network=network)
        return made.with_properties(uniqueId=unique)

    def provision(self, context: CloudContext, resource: ArmResource) -> None:
        """Boots the machines, unless an earlier PUT of the same set did. What a broken start left is ended first."""
        machines, folder = context.machines(kind_of(resource)), machine_folder(context, resource)
        if folder.exists():
            states = machines.states(folder)
            if states and all(s.running for s in states):
                return
            machines.stop(folder)
            context.state.discard(folder)
        folder.mkdir(mode=0o700, parents=True)
        machines.start(scale_set_spec(context, resource))

    def release(self, context: CloudContext, resource: ArmResource) -> None:
        """The machines' disks may take minutes to remove: they go to the trash, and no deletion waits for that."""
        folder = machine_folder(context, resource)
        if folder.exists():
            context.machines(kind_of(resource)).stop(folder)
            context.state.discard(folder)


def kind_of(resource: ArmResource) -> str:
    return str(resource.internal.get("machines") or "")


def image_of(resource: ArmResource) -> Path | None:
    """The folder whose files the machines' image brings along; None for an image that is this host."""
    named = resource.internal.get("image")
    return Path(str(named)) if named else None


def capacity(resource: ArmResource) -> int:
    return int((resource.body.get("sku") or {}).get("capacity") or 0)


def is_flexible(resource: ArmResource) -> bool:
    return str(resource.properties.get("orchestrationMode", "Uniform")).lower() == "flexible"


def profile(resource: ArmResource) -> dict[str, Any]:
    return resource.properties.get("virtualMachineProfile") or {}


def ip_configurations(resource: ArmResource) -> list[dict[str, Any]]:
    nics = (profile(resource).get("networkProfile") or {}).get("networkInterfaceConfigurations") or []
    return [c["properties"] for nic in nics for c in nic.get("properties", {}).get("ipConfigurations") or []]


def subnet_ids(resource: ArmResource) -> list[str]:
    """The ids of the subnets that the machines' interfaces are in."""
    named = [(configuration.get("subnet") or {}).get("id") for configuration in ip_configurations(resource)]
    return [str(id_) for id_ in named if id_]


def subnet_prefix(context: CloudContext, resource: ArmResource) -> str:
    """The CIDR of the first subnet; Azure's default where the set names none."""
    for id_ in subnet_ids(resource):
        subnet = context.state.get(id_)
        if subnet is not None:
            return str(subnet.properties.get("addressPrefix") or subnet.properties["addressPrefixes"][0])
    return "10.0.0.0/24"


def _check_fabric(context: CloudContext, resource: ArmResource) -> None:
    """Raises ArmRefusal (400) for several nodes with InfiniBand in a subnet that overlaps its network. Azure takes
    that, and the nodes do not reach each other (learn.microsoft.com/azure/virtual-machines/setup-infiniband)."""
    if capacity(resource) < 2 or not has_infiniband(str((resource.body.get("sku") or {}).get("name", ""))):
        return
    found = [context.state.get(id_) for id_ in subnet_ids(resource)]
    for prefix in (prefix for subnet in found if subnet for prefix in prefixes(subnet.properties)):
        if ipaddress.ip_network(prefix).overlaps(_FABRIC):
            message = f"The subnet {prefix} overlaps {_FABRIC}, which the InfiniBand network has for itself."
            raise ArmRefusal(400, "OperationNotAllowed", message)


def new_instances(resource: ArmResource) -> list[dict[str, str]]:
    """Names as Azure makes them, which say nothing about an order: a Uniform set's ids have gaps, others are random."""
    prefix = (profile(resource).get("osProfile") or {}).get("computerNamePrefix") or resource.name[:9]
    count, instances = capacity(resource), []
    for number in secrets.SystemRandom().sample(range(count + count // 2 + 1), count):
        if is_flexible(resource):
            name = instance = f"{resource.name}_{secrets.token_hex(4)}"
            tail = "".join(secrets.choice(_LETTERS) for _ in range(6)).upper()
        else:
            name, instance, tail = f"{resource.name}_{number}", str(number), _base36(number)
        names = {"instance": instance, "name": name, "computer": prefix + tail}
        instances.append({**names, "vm_id": str(uuid.uuid4()), "secret": secrets.token_urlsafe(12)})
    return instances


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = (string.digits + string.ascii_uppercase)[rest] + digits
    return digits.rjust(6, "0")


def machine_id(resource: ArmResource, instance: dict[str, str]) -> str:
    """The ARM id of a machine: one of a Flexible set is a resource of the group."""
    if is_flexible(resource):
        return f"{resource.address.group_path}/providers/Microsoft.Compute/virtualMachines/{instance['name']}"
    return f"{resource.id}/virtualMachines/{instance['instance']}"


def is_machine(state: State, id_: str) -> bool:
    """Whether an ARM id is that of a scale set's machine: those are no resources that anybody has written."""
    sets = (scale_set for scale_set in state.of_type(SCALE_SETS))
    return any(machine_id(s, i).lower() == id_.lower() for s in sets for i in s.internal.get("instances", ()))


def machine_folder(context: CloudContext, resource: ArmResource) -> Path:
    return context.state.folder(resource.address.group or "") / "machines" / resource.name.lower()


def scale_set_spec(context: CloudContext, resource: ArmResource) -> ScaleSetSpec:
    """What the machines boot."""
    text = (profile(resource).get("osProfile") or {}).get("customData") or ""
    data = base64.b64decode(text)
    instances = tuple(
        InstanceSpec(
            name=i["name"],
            vm_id=i["vm_id"],
            computer_name=i["computer"],
            custom_data=data,
            metadata=instance_document.instance_document(resource, i),
            metadata_url=instance_document.url(context.metadata_port, i),
        )
        for i in resource.internal["instances"]
    )
    return ScaleSetSpec(
        set_id=resource.id,
        folder=machine_folder(context, resource),
        network=str(resource.internal["network"]),
        mounts=mounts.mounts_of(context, resource),
        instances=instances,
        arm_port=context.arm_port,
        arm_socket=context.layout.arm_socket,
        doors=mounts.doors_of(context, resource),
        image=image_of(resource),
        disk=disk_of(context, resource),
    )


def disk_of(context: CloudContext, resource: ArmResource) -> Disk | None:
    """The machines' system disk, where images are set to be small; once grown, it has the size in the set's body."""
    size = ((profile(resource).get("storageProfile") or {}).get("osDisk") or {}).get("diskSizeGB")
    return Disk(context.image_mb, int(size or 0) * 1024 or context.image_mb) if context.image_mb else None


def find_instance(context: CloudContext, wanted: str) -> dict[str, str] | None:
    """The instance with this name, computer name or vmId; None where there is none."""
    known = [i for scale_set in context.state.of_type(SCALE_SETS) for i in scale_set.internal.get("instances", ())]
    return next((i for i in known if wanted in (i["name"], i["computer"], i["vm_id"])), None)


def end_instance(context: CloudContext, vm_id: str) -> None:
    """Ends one machine, as an eviction does; nothing where it is gone."""
    for scale_set, name in _named(context, vm_id):
        context.machines(kind_of(scale_set)).end(machine_folder(context, scale_set), name)


def reboot_instance(context: CloudContext, vm_id: str) -> None:
    """Power-cycles one machine. Raises OSError where it does not run, or does not come back."""
    for scale_set, name in _named(context, vm_id):
        context.machines(kind_of(scale_set)).reboot(machine_folder(context, scale_set), name)


def _named(context: CloudContext, vm_id: str) -> Iterator[tuple[ArmResource, str]]:
    """The scale set and the name of the machine, where it is known."""
    for scale_set in context.state.of_type(SCALE_SETS):
        for instance in scale_set.internal.get("instances", ()):
            if instance["vm_id"] == vm_id:
                yield scale_set, instance["name"]


def living(context: CloudContext, resource: ArmResource) -> list[tuple[dict[str, str], InstanceState]]:
    """The instances that run, with their state. One that died is not among them, as an evicted one is not."""
    folder = machine_folder(context, resource)
    if not folder.exists():
        return []
    states = {s.name: s for s in context.machines(kind_of(resource)).states(folder)}
    known = [(i, states[i["name"]]) for i in resource.internal["instances"] if i["name"] in states]
    return [(instance, state) for instance, state in known if state.running]


def dead(context: CloudContext, resource: ArmResource) -> list[InstanceState]:
    """What is known of the instances that ended by themselves."""
    folder = machine_folder(context, resource)
    states = context.machines(kind_of(resource)).states(folder) if folder.exists() else ()
    return [s for s in states if not s.running]

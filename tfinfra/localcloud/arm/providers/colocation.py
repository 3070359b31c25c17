"""What a scale set must lie beside: a subnet, a reservation and a placement group of its own location and zone."""

from __future__ import annotations

from typing import Any

from tfinfra.localcloud.arm.providers.resource_provider import CloudContext, require
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource

RESERVATIONS = "Microsoft.Compute/capacityReservationGroups/capacityReservations"


def check_colocation(context: CloudContext, resource: ArmResource, subnets: list[str]) -> None:
    """Raises ArmRefusal where `resource`, a scale set, cannot be in the locations and zones of the
    resources that its body names; each of them exists."""
    for subnet in subnets:
        _same_location(context, resource, subnet.rpartition("/subnets/")[0])
    placement = (resource.properties.get("proximityPlacementGroup") or {}).get("id")
    if placement:
        _same_location(context, resource, placement)
    profile = resource.properties.get("virtualMachineProfile") or {}
    reserved = ((profile.get("capacityReservation") or {}).get("capacityReservationGroup") or {}).get("id")
    if not reserved:
        return
    # a group without zones takes machines without one; any has to have a reservation of the machines' size and zone
    # (learn.microsoft.com/azure/virtual-machines/capacity-reservation-overview)
    group = _same_location(context, resource, reserved)
    size, zones = str((resource.body.get("sku") or {}).get("name")), _zones(resource)
    if _zones(group) != zones and not (zones and set(zones) <= set(_zones(group))):
        text = f"The zones {zones} of {resource.id} are not those of the capacity reservation group {group.id}."
        raise ArmRefusal(400, "InvalidParameter", text)
    held = context.state.of_type(RESERVATIONS, group.id)
    if not any(str((r.body.get("sku") or {}).get("name")) == size and _zones(r) == zones for r in held):
        text = f"The capacity reservation group {group.id} has no reservation of {size} that matches {resource.id}."
        raise ArmRefusal(400, "InvalidParameter", text)


def _same_location(context: CloudContext, resource: ArmResource, reference: str) -> ArmResource:
    found = require(context, resource, reference)
    own, other = (str(r.body.get("location", "")).replace(" ", "").lower() for r in (resource, found))
    if own != other:
        raise ArmRefusal(
            400,
            "InvalidResourceReference",
            f"Resource {reference} referenced by resource {resource.id} was not found. "
            "Please make sure that the referenced resource exists, and that both resources are in the same region.",
        )
    return found


def _zones(resource: ArmResource) -> list[Any]:
    return sorted(resource.body.get("zones") or [])

"""Reserved capacity: the group that the target names holds the nodes' size, in their zone.

Source: learn.microsoft.com/azure/virtual-machines/capacity-reservation-overview (how machines and reservations match).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.azure.preflight.finding import ArmReply, Demand, Finding


def findings(demand: Demand, reply: ArmReply | None) -> Iterator[Finding]:
    """`reply` lists the reservations of the target's group, None where it names none. How many machines a reservation
    is for is no limit: more than those may be made, without a promise."""
    if reply is None:
        return
    if reply.status == 404:
        yield Finding("TFI629", "capacity_reservation_id", "the capacity reservation group is not there")
    elif reply.ok and not any(_fits(demand, reservation) for reservation in reply.values):
        held = ", ".join(_told(reservation) for reservation in reply.values) or "nothing"
        message = f"the capacity reservation group has no reservation of {_named(demand.vm_size, demand.zone)}"
        yield Finding("TFI629", "capacity_reservation_id", message, f"it holds {held}")


def _fits(demand: Demand, reservation: Mapping[str, Any]) -> bool:
    zones = [demand.zone] if demand.zone else []
    return _size(reservation).lower() == demand.vm_size.lower() and list(reservation.get("zones") or ()) == zones


def _size(reservation: Mapping[str, Any]) -> str:
    return str((reservation.get("sku") or {}).get("name"))


def _told(reservation: Mapping[str, Any]) -> str:
    return _named(_size(reservation), " and ".join(reservation.get("zones") or ()))


def _named(size: str, zone: str | None) -> str:
    return f"{size} in zone {zone}" if zone else f"{size} without a zone"

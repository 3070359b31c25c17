"""Reserved capacity: the group that the target names holds the nodes' size, in their zone.

Source: learn.microsoft.com/azure/virtual-machines/capacity-reservation-overview (how machines and reservations match).
"""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.azure.preflight.finding import ArmReply, Demand, Finding


def findings(demand: Demand, reply: ArmReply | None) -> Iterator[Finding]:
    """`reply` lists the reservations of the target's group, None where it names none. The number of machines of a
    reservation is no limit: more may be made, without a promise."""
    if reply is None:
        return
    if reply.status == 404:
        yield Finding("TFI629", "capacity_reservation_id", "the capacity reservation group is not there")
    elif reply.ok:
        held = [(str((r.get("sku") or {}).get("name")), list(r.get("zones") or ())) for r in reply.values]
        zones = [demand.zone] if demand.zone else []
        if any((size.lower(), at) == (demand.vm_size.lower(), zones) for size, at in held):
            return
        message = f"the capacity reservation group has no reservation of {_named(demand.vm_size, demand.zone)}"
        holds = ", ".join(_named(size, " and ".join(at)) for size, at in held) or "nothing"
        yield Finding("TFI629", "capacity_reservation_id", message, f"it holds {holds}")


def _named(size: str, zone: str | None) -> str:
    return f"{size} in zone {zone}" if zone else f"{size} without a zone"

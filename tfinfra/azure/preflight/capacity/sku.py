"""The size: offered in the location, to this subscription, in the zone, with what the plan needs of it.

Source: Microsoft.Compute/skus (learn.microsoft.com/rest/api/compute/resource-skus/list) and
azure-resource-manager/troubleshooting/error-sku-not-available.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.azure.preflight.finding import ArmReply, Demand, Finding, normal
from tfinfra.text.wording import listed


@dataclass(frozen=True)
class Offer:
    """A size as one location offers it. `zones` are those where this subscription may have it; `restricted` is why it
    may have it nowhere there, None where it may. `capabilities` are text, as ARM gives them ("True", "V1,V2")."""

    name: str
    family: str
    zones: tuple[str, ...]
    closed_zones: tuple[str, ...]
    restricted: str | None
    capabilities: Mapping[str, str]

    @property
    def cores(self) -> int:
        return int(self.capabilities.get("vCPUs", "0"))

    def can(self, capability: str) -> bool:
        """Whether it is not said that it cannot: the list leaves out what does not matter for a size."""
        return self.capabilities.get(capability, "True").lower() != "false"


def offer(skus: ArmReply, demand: Demand) -> Offer | None:
    """The offer of the demand's size in its location, None where there is none."""
    location = normal(demand.location)
    for entry in skus.values:
        same = str(entry.get("name", "")).lower() == demand.vm_size.lower()
        machines = same and entry.get("resourceType") == "virtualMachines"
        if machines and location in map(normal, entry.get("locations") or ()):
            return _offer(entry, location)
    return None


def _offer(entry: Mapping[str, Any], location: str) -> Offer:
    """The offer in an entry of the list; `location` as `normal` spells it."""
    closed: list[str] = []
    whole: list[Mapping[str, Any]] = []
    for restriction in entry.get("restrictions") or ():
        concerned = restriction.get("restrictionInfo") or {}
        if restriction.get("type") == "Zone":
            closed += concerned.get("zones") or ()
        elif restriction.get("type") == "Location":
            locations = concerned.get("locations") or restriction.get("values") or ()
            if not locations or location in map(normal, locations):
                whole.append(restriction)
    infos = [i for i in entry.get("locationInfo") or () if normal(i.get("location") or "") == location]
    zones = [zone for info in infos for zone in info.get("zones") or ()]
    return Offer(
        name=str(entry["name"]),
        family=str(entry.get("family", "")),
        zones=tuple(sorted(set(zones) - set(closed))),
        closed_zones=tuple(sorted(set(closed))),
        restricted=str(whole[0].get("reasonCode") or "restricted") if whole else None,
        capabilities={c["name"]: str(c.get("value")) for c in entry.get("capabilities") or ()},
    )


def findings(skus: ArmReply, demand: Demand) -> Iterator[Finding]:
    """What speaks against the size there."""
    found = offer(skus, demand)
    if found is None:
        if skus.ok:
            yield Finding("TFI605", "vm_size", f"{demand.vm_size} is not offered in {demand.location}")
        return
    if found.restricted is not None:
        why = _REASONS.get(found.restricted, found.restricted)
        message = f"{demand.vm_size} is closed to this subscription in {demand.location}: {why}"
        yield Finding("TFI606", "vm_size", message)
        return
    if demand.zone is not None and demand.zone not in found.zones:
        what = "is closed to this subscription" if demand.zone in found.closed_zones else "is not offered"
        hint = f"it is in {listed('zone', found.zones)}" if found.zones else "it is in no zone there: leave zone out"
        message = f"{demand.vm_size} {what} in zone {demand.zone} of {demand.location}"
        yield Finding("TFI607", "zone", message, hint)
    yield from _abilities(found, demand)


_REASONS = {
    "NotAvailableForSubscription": "Azure has not opened it (NotAvailableForSubscription); support can",
    "QuotaId": "the subscription's kind of offer may not use it (QuotaId)",
}


def _abilities(found: Offer, demand: Demand) -> Iterator[Finding]:
    """The plan was made from the catalog; the size's own list has the last word."""
    needs = (
        (demand.infiniband, "RdmaEnabled", "vm_size", "has no InfiniBand, which the plan uses between its nodes"),
        (demand.accelerated_networking, "AcceleratedNetworkingEnabled", "vm_size", "has no accelerated networking"),
        (demand.spot, "LowPriorityCapable", "vm_priority", "is not sold as spot"),
        (True, "PremiumIO", "vm_size", "takes no premium disk, which the nodes' system disks are"),
    )
    for needed, capability, key, what in needs:
        if needed and not found.can(capability):
            yield Finding("TFI608", key, f"{demand.vm_size} {what} in {demand.location}")


def summary(skus: ArmReply, demand: Demand) -> str:
    """One line for a person."""
    found = offer(skus, demand)
    if found is None:
        return "not known"
    return f"{found.name} is offered in {demand.location}" + (f", {listed('zone', found.zones)}" if found.zones else "")

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
    for entry in skus.values:
        same = str(entry.get("name", "")).lower() == demand.vm_size.lower()
        if same and entry.get("resourceType") == "virtualMachines" and _is_in(entry, demand.location):
            return _offer(entry, demand.location)
    return None


def _is_in(entry: Mapping[str, Any], location: str) -> bool:
    return normal(location) in {normal(place) for place in entry.get("locations") or ()}


def _offer(entry: Mapping[str, Any], location: str) -> Offer:
    restrictions = entry.get("restrictions") or []
    closed = [z for r in restrictions if r.get("type") == "Zone" for z in _restriction(r).get("zones") or ()]
    whole = [r for r in restrictions if r.get("type") == "Location" and _concerns(r, location)]
    zones = [
        z
        for i in entry.get("locationInfo") or ()
        if normal(i.get("location") or "") == normal(location)
        for z in i.get("zones") or ()
    ]
    return Offer(
        name=str(entry["name"]),
        family=str(entry.get("family", "")),
        zones=tuple(sorted(set(zones) - set(closed))),
        closed_zones=tuple(sorted(set(closed))),
        restricted=str(whole[0].get("reasonCode") or "restricted") if whole else None,
        capabilities={c["name"]: str(c.get("value")) for c in entry.get("capabilities") or ()},
    )


def _restriction(restriction: Mapping[str, Any]) -> Mapping[str, Any]:
    return restriction.get("restrictionInfo") or {}


def _concerns(restriction: Mapping[str, Any], location: str) -> bool:
    places = _restriction(restriction).get("locations") or restriction.get("values") or ()
    return not places or normal(location) in {normal(place) for place in places}


def findings(skus: ArmReply, demand: Demand) -> Iterator[Finding]:
    """What speaks against the size there."""
    found = offer(skus, demand)
    if found is None:
        if skus.ok:
            yield Finding("TFI605", "vm_size", f"{demand.vm_size} is not offered in {demand.location}")
        return
    if found.restricted is not None:
        why = _REASONS.get(found.restricted, found.restricted)
        yield Finding(
            "TFI606", "vm_size", f"{demand.vm_size} is closed to this subscription in {demand.location}: {why}"
        )
        return
    yield from _zone(found, demand)
    yield from _abilities(found, demand)


_REASONS = {
    "NotAvailableForSubscription": "Azure has not opened it (NotAvailableForSubscription); support can",
    "QuotaId": "the subscription's kind of offer may not use it (QuotaId)",
}


def _zone(found: Offer, demand: Demand) -> Iterator[Finding]:
    if demand.zone is None or demand.zone in found.zones:
        return
    what = "is closed to this subscription" if demand.zone in found.closed_zones else "is not offered"
    hint = f"it is in {listed('zone', found.zones)}" if found.zones else "it is in no zone there: leave zone out"
    message = f"{demand.vm_size} {what} in zone {demand.zone} of {demand.location}"
    yield Finding("TFI607", "zone", message, hint)


def _abilities(found: Offer, demand: Demand) -> Iterator[Finding]:
    """The plan was made from the catalog; the size's own list has the last word."""
    wanted = (
        (demand.infiniband, "RdmaEnabled", "vm_size", "has no InfiniBand, which the plan uses between its nodes"),
        (demand.accelerated_networking, "AcceleratedNetworkingEnabled", "vm_size", "has no accelerated networking"),
        (demand.spot, "LowPriorityCapable", "vm_priority", "is not sold as spot"),
        (True, "PremiumIO", "vm_size", "takes no premium disk, which the nodes' system disks are"),
    )
    for asked, capability, key, what in wanted:
        if asked and not found.can(capability):
            yield Finding("TFI608", key, f"{demand.vm_size} {what} in {demand.location}")


def summary(skus: ArmReply, demand: Demand) -> str:
    """One line for a person."""
    found = offer(skus, demand)
    if found is None:
        return "not known"
    return f"{found.name} is offered in {demand.location}" + (f", {listed('zone', found.zones)}" if found.zones else "")

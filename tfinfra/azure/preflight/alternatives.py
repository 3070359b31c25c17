"""What would work where something does not: the same size elsewhere, or another size with the same GPUs, that ARM's
own numbers show to be free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tfinfra.azure.preflight import quota, sku
from tfinfra.azure.preflight.finding import ArmReply, Demand, Finding
from tfinfra.catalog.sizes import VmSize, size, sizes
from tfinfra.model import Target

LOCATIONS = 6
BY_CAPACITY = frozenset({"TFI601", "TFI602", "TFI603", "TFI605", "TFI606", "TFI607"})
"""Findings that another place or size may not have."""


@dataclass(frozen=True)
class Candidate:
    """`usd_per_hour` is the list price of one node, None where the catalog has none; `written`: the target names it."""

    demand: Demand
    cores: int
    usd_per_hour: float | None
    written: bool = False


def candidates(demand: Demand, target: Target, allowed: frozenset[str] | None = None) -> tuple[Candidate, ...]:
    """Other places and sizes, those that the target names itself first, then by price, in at most LOCATIONS places;
    only `allowed` ones, where that is known."""
    wanted = size(demand.vm_size)
    if wanted is None:
        return ()
    own = (demand.location, *target.other_locations)
    others = sorted((_price(wanted, place) or 1e9, place) for place in wanted.usd_per_hour if place not in own)
    known = [*own, *(place for _, place in others)]
    places = [place for place in known if allowed is None or place in allowed][:LOCATIONS]
    named = [s for s in map(size, target.other_vm_sizes) if s is not None]
    same = [s for s in sizes() if _same_gpus(s, wanted) and s not in named]
    found = [
        _candidate(demand, s, place, target) for s in (wanted, *named, *same) for place in places if s.sold_in(place)
    ]
    return tuple(c for c in found if (c.demand.vm_size, c.demand.location) != (demand.vm_size, demand.location))


def _candidate(demand: Demand, size_: VmSize, place: str, target: Target) -> Candidate:
    other = replace(
        demand,
        vm_size=size_.name,
        location=place,
        zone=demand.zone if place == demand.location else None,
        infiniband=size_.infiniband and demand.node_count > 1,
        accelerated_networking=demand.accelerated_networking and size_.accelerated_networking,
    )
    places, names = (demand.location, *target.other_locations), (demand.vm_size, *target.other_vm_sizes)
    return Candidate(other, size_.cores, _price(size_, place), place in places and size_.name in names)


def _same_gpus(other: VmSize, wanted: VmSize) -> bool:
    """As many GPUs of the same kind; without GPUs, fewer cores of the same family. The interconnect must not change."""
    if other.name == wanted.name or (other.infiniband, other.architecture) != (wanted.infiniband, wanted.architecture):
        return False
    if wanted.gpus:
        return (other.gpus, other.gpu_kind) == (wanted.gpus, wanted.gpu_kind)
    return other.family == wanted.family and other.cores < wanted.cores


def _price(size_: VmSize, place: str) -> float | None:
    return size_.usd_per_hour.get(place)


def free(candidate: Candidate, skus: Mapping[str, ArmReply], usages: Mapping[str, ArmReply]) -> int | None:
    """The vCPUs that are free for the candidate, None where it would not work either, or nobody knows."""
    demand = candidate.demand
    offers, used = skus.get(demand.location), usages.get(demand.location)
    if offers is None or used is None or not used.ok:
        return None
    offered = sku.offer(offers, demand)
    if offered is None or any(sku.findings(offers, demand)) or any(quota.findings(used, offered, demand)):
        return None
    return quota.free(used, offered, demand)


def told(found: list[tuple[Candidate, int]], demand: Demand) -> str | None:
    """The hint, with what is free and the price: the two best places for the same size, those that the target names
    first, then the cheapest; and the best other size, where the run was to be if it is free there."""
    same = [pair for pair in found if pair[0].demand.vm_size == demand.vm_size]
    other = [pair for pair in found if pair[0].demand.vm_size != demand.vm_size]
    same.sort(key=lambda pair: (not pair[0].written, pair[0].usd_per_hour or 1e9))
    other.sort(key=lambda pair: (not pair[0].written, pair[0].demand.location != demand.location, -pair[0].cores))
    best = [*same[:2], *other[:1]]
    return "would work: " + "; ".join(_line(candidate, left) for candidate, left in best) if best else None


def _line(candidate: Candidate, left: int) -> str:
    demand = candidate.demand
    usual = " when dedicated" if demand.spot else ""
    price = f", {candidate.usd_per_hour:.3f} USD an hour and node{usual}" if candidate.usd_per_hour else ""
    return f"{demand.vm_size} in {demand.location} ({left:,} vCPUs free{price})"


def with_ways_out(findings: list[Finding], working: list[tuple[Candidate, int]], demand: Demand) -> Iterator[Finding]:
    """The findings, those of capacity with what would work instead."""
    hint = told(working, demand)
    for finding in findings:
        if hint and finding.code in BY_CAPACITY:
            yield replace(finding, hint=f"{hint}; {finding.hint}" if finding.hint else hint)
        else:
            yield finding

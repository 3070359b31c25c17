"""What would work instead: the same size in another location, or another size with the same GPUs, where ARM's own
numbers show enough to be free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tfinfra.azure.preflight.capacity import quota, sku
from tfinfra.azure.preflight.finding import ArmReply, Demand, Finding
from tfinfra.catalog.sizes import VmSize, size, sizes
from tfinfra.errors import Severity
from tfinfra.model import Target

LOCATIONS = 6
BY_CAPACITY = frozenset({"TFI601", "TFI602", "TFI603", "TFI605", "TFI606", "TFI607"})
"""Findings that another location or size may not have."""


@dataclass(frozen=True)
class Candidate:
    """`usd_per_hour` is the list price of one node, None where the catalog has none; `written`: the target names it."""

    demand: Demand
    cores: int
    usd_per_hour: float | None
    written: bool = False


def candidates(demand: Demand, target: Target, allowed: frozenset[str] | None = None) -> tuple[Candidate, ...]:
    """Other locations and sizes: those that the target names itself first, then by price, in at most LOCATIONS
    locations; only `allowed` ones, where that is known."""
    own_size = size(demand.vm_size)
    if own_size is None:
        return ()
    own = (demand.location, *target.other_locations)
    cheapest = sorted((usd or 1e9, location) for location, usd in own_size.usd_per_hour.items() if location not in own)
    known = [*own, *(location for _, location in cheapest)]
    locations = [location for location in known if allowed is None or location in allowed][:LOCATIONS]
    named = [s for s in map(size, target.other_vm_sizes) if s is not None]
    same = [s for s in sizes() if _same_gpus(s, own_size) and s not in named]
    found = [
        _candidate(demand, s, location, target)
        for s in (own_size, *named, *same)
        for location in locations
        if s.sold_in(location)
    ]
    return tuple(c for c in found if (c.demand.vm_size, c.demand.location) != (demand.vm_size, demand.location))


def _candidate(demand: Demand, size_: VmSize, location: str, target: Target) -> Candidate:
    other = replace(
        demand,
        vm_size=size_.name,
        location=location,
        zone=demand.zone if location == demand.location else None,
        infiniband=size_.infiniband and demand.node_count > 1,
        accelerated_networking=demand.accelerated_networking and size_.accelerated_networking,
    )
    locations, names = (demand.location, *target.other_locations), (demand.vm_size, *target.other_vm_sizes)
    written = location in locations and size_.name in names
    return Candidate(other, size_.cores, size_.usd_per_hour.get(location), written)


def _same_gpus(other: VmSize, own: VmSize) -> bool:
    """As many GPUs of the same kind; without GPUs, fewer cores of the same family. The interconnect must not change."""
    if other.name == own.name or (other.infiniband, other.architecture) != (own.infiniband, own.architecture):
        return False
    if own.gpus:
        return (other.gpus, other.gpu_kind) == (own.gpus, own.gpu_kind)
    return other.family == own.family and other.cores < own.cores


def free(candidate: Candidate, skus: Mapping[str, ArmReply], usages: Mapping[str, ArmReply]) -> int | None:
    """The vCPUs that are free for the candidate, None where it would not work either, or that is not known."""
    demand = candidate.demand
    offers, used = skus.get(demand.location), usages.get(demand.location)
    if offers is None or used is None or not used.ok:
        return None
    offered = sku.offer(offers, demand)
    if offered is None or any(sku.findings(offers, demand)) or any(quota.findings(used, offered, demand)):
        return None
    return quota.free(used, offered, demand)


def hint(found: list[tuple[Candidate, int]], demand: Demand) -> str | None:
    """The hint, with what is free and the price: the two best locations for the same size, those that the target names
    first, then the cheapest; and the best other size, in the demand's own location if it is free there."""
    same = [pair for pair in found if pair[0].demand.vm_size == demand.vm_size]
    other = [pair for pair in found if pair[0].demand.vm_size != demand.vm_size]
    same.sort(key=lambda pair: (not pair[0].written, pair[0].usd_per_hour or 1e9))
    other.sort(key=lambda pair: (not pair[0].written, pair[0].demand.location != demand.location, -pair[0].cores))
    best = [*same[:2], *other[:1]]
    lines = []
    for candidate, left in best:
        usual = " when dedicated" if demand.spot else ""
        price = f", {candidate.usd_per_hour:.3f} USD an hour and node{usual}" if candidate.usd_per_hour else ""
        lines.append(f"{candidate.demand.vm_size} in {candidate.demand.location} ({left:,} vCPUs free{price})")
    return f"would work: {'; '.join(lines)}" if lines else None


def with_ways_out(findings: list[Finding], working: list[tuple[Candidate, int]], demand: Demand) -> Iterator[Finding]:
    """The findings, those of capacity with what would work instead. They are mere warnings where the target itself
    names something that works."""
    way_out = hint(working, demand)
    written = any(candidate.written for candidate, _ in working)
    for finding in findings:
        if way_out and finding.code in BY_CAPACITY:
            severity = Severity.WARNING if written else finding.severity
            yield replace(finding, hint=f"{way_out}; {finding.hint}" if finding.hint else way_out, severity=severity)
        else:
            yield finding

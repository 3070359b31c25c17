"""What is offered instead: only what ARM's own numbers show to be free, the target's own places first."""

from __future__ import annotations

from dataclasses import replace

from tests.azure.preflight.replies import A100, DEMAND, FORBIDDEN, listed, restriction, sku, usages
from tfinfra.azure.preflight import alternatives
from tfinfra.azure.preflight.finding import ArmReply, Finding
from tfinfra.catalog.sizes import size
from tfinfra.model import Target

HERE = "southcentralus"
DEMAND_HERE = replace(DEMAND, location=HERE)
TARGET = Target(name="gpu", cloud="azure", location=HERE, vm_size=A100, os_disk_gb=128)
TWO = replace(TARGET, other_locations=("uksouth",))


def market(*open_in: str) -> tuple[dict[str, ArmReply], dict[str, ArmReply]]:
    """(SKUs, usages): the size is offered everywhere that is asked about, and free in these places."""
    places = {c.demand.location for c in alternatives.candidates(DEMAND_HERE, TWO)}
    skus = {place: listed(sku(location=place)) for place in places}
    return skus, {place: usages() if place in open_in else usages(family=(96, 96)) for place in places}


def working(target: Target, *open_in: str) -> list[tuple[alternatives.Candidate, int]]:
    skus, used = market(*open_in)
    found = [(c, alternatives.free(c, skus, used)) for c in alternatives.candidates(DEMAND_HERE, target)]
    return [(c, free) for c, free in found if free is not None]


def test_the_same_size_elsewhere_by_price_after_what_the_target_names() -> None:
    places = [c.demand.location for c in alternatives.candidates(DEMAND_HERE, TWO) if c.demand.vm_size == A100]
    known = size(A100)
    assert known is not None
    assert places[0] == "uksouth"
    assert len(places) == alternatives.LOCATIONS - 1
    prices = [known.usd_per_hour[place] for place in places[1:]]
    assert prices == sorted(prices)


def test_a_size_with_as_many_gpus_of_the_same_kind_is_one() -> None:
    t4 = replace(DEMAND, vm_size="Standard_NC16as_T4_v3", location="eastus")
    names = {c.demand.vm_size for c in alternatives.candidates(t4, replace(TARGET, location="eastus"))}
    assert names == {"Standard_NC4as_T4_v3", "Standard_NC8as_T4_v3", "Standard_NC16as_T4_v3"}
    cpu = replace(DEMAND, vm_size="Standard_D8s_v5", location="eastus")
    names = {c.demand.vm_size for c in alternatives.candidates(cpu, TARGET)}
    assert names == {"Standard_D2s_v5", "Standard_D4s_v5", "Standard_D8s_v5"}


def test_a_size_that_the_target_names_is_one_whatever_its_gpus() -> None:
    target = replace(TARGET, other_vm_sizes=("Standard_ND96asr_v4",))
    (other,) = [c for c in alternatives.candidates(DEMAND_HERE, target) if c.written]
    assert (other.demand.vm_size, other.demand.location) == ("Standard_ND96asr_v4", HERE)
    assert not other.demand.infiniband
    (two,) = [c for c in alternatives.candidates(replace(DEMAND_HERE, node_count=2), target) if c.written]
    assert two.demand.infiniband


def test_only_what_is_free_is_told_with_its_price() -> None:
    hint = alternatives.hint(working(TWO, "uksouth"), DEMAND_HERE)
    known = size(A100)
    assert known is not None
    price = known.usd_per_hour["uksouth"]
    assert hint == f"would work: {A100} in uksouth (960 vCPUs free, {price:.3f} USD an hour and node)"
    assert alternatives.hint(working(TWO), DEMAND_HERE) is None


def test_a_location_that_the_target_names_counts_as_written() -> None:
    assert [c.written for c, _ in working(TWO, "uksouth")] == [True]
    assert {c.written for c, _ in working(TARGET, *market()[0])} == {False}


def test_nothing_is_known_of_a_location_that_does_not_answer_or_is_closed() -> None:
    (candidate, *_) = alternatives.candidates(DEMAND_HERE, TWO)
    place = candidate.demand.location
    skus, used = {place: listed(sku(location=place))}, {place: usages()}
    closed = {place: listed(sku(location=place, restrictions=[{**restriction("Location"), "restrictionInfo": {}}]))}
    closed[place].values[0]["restrictions"][0]["values"] = [place]
    assert alternatives.free(candidate, skus, used) == 960
    assert alternatives.free(candidate, skus, {place: FORBIDDEN}) is None
    assert alternatives.free(candidate, closed, used) is None
    assert alternatives.free(candidate, {}, {}) is None


def test_findings_of_capacity_get_the_way_out_and_keep_their_own() -> None:
    findings = [Finding("TFI601", "vm_size", "few", "48 are missing"), Finding("TFI609", "image", "gone")]
    first, second = alternatives.with_ways_out(findings, working(TWO, "uksouth"), DEMAND_HERE)
    assert first.hint is not None
    assert first.hint.startswith("would work: ")
    assert first.hint.endswith("; 48 are missing")
    assert second == findings[1]

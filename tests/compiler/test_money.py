"""The price of a plan line by line, and limits.max_cost_usd from the manifest to its refusal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.manifests import HOROVOD, checked, codes
from tfinfra.catalog.meters import disk_tier
from tfinfra.catalog.prices import EVERYWHERE, PriceBook, RegionPrices, shipped_book, usage_rates
from tfinfra.compiler.cost import burn_of, dearest_lines, node_price, price_lines, total
from tfinfra.compiler.resolved import resolved_text
from tfinfra.errors import NotFeasible
from tfinfra.model import Plan, PriceLine, Target

D8 = "Standard_D8s_v5"
TARGET = Target(name="azure", cloud="azure", location="eastus", vm_size=D8, os_disk_gb=128)
TWO = "node_count: 2\ndistributed_backend: mpi\n"


def a_plan(folder: Path, text: str = f"vm_size: {D8}\n{TWO}") -> Plan:
    return checked(folder, text, HOROVOD if "mpi" in text else "print()\n").plan


def by_item(lines: tuple[PriceLine, ...]) -> dict[str, float | None]:
    return {line.item: None if line.usd_per_hour is None else round(line.usd_per_hour, 5) for line in lines}


def test_a_line_for_each_thing_that_is_billed_by_time(tmp_path: Path) -> None:
    lines = price_lines(a_plan(tmp_path), TARGET, shipped_book())
    assert by_item(lines) == {
        D8: 0.768,
        "system disk, 128 GB (P10)": 0.054,
        "NAT gateway": 0.045,
        "public address of the NAT gateway": 0.005,
        "private endpoint of the shared directory": 0.01,
        "private DNS zone of the endpoint": 0.00068,
        "storage: shared directory, 100 GiB": 0.02192,
        "timer, its actions": 0.0015,
    }
    assert burn_of(lines).keep == pytest.approx(0.02342, abs=1e-5)


def test_one_node_has_no_shared_directory_and_a_subnet_of_ones_own_no_gateway_of_ours(tmp_path: Path) -> None:
    plan = a_plan(tmp_path, f"vm_size: {D8}\n")
    items = by_item(price_lines(plan, replace(TARGET, subnet_id="/s"), shipped_book()))
    assert [*items] == [D8, "system disk, 128 GB (P10)", "timer, its actions"]


def test_what_others_made_is_not_billed_to_the_run(tmp_path: Path) -> None:
    target = replace(TARGET, subnet_id="/s", reaper_id="/r")
    lines = by_item(price_lines(a_plan(tmp_path), target, shipped_book()))
    assert [*lines][2:] == ["private endpoint of the shared directory", "storage: shared directory, 100 GiB"]
    assert "NAT gateway" not in " ".join(rate.item for rate in usage_rates([*lines]))


def test_bytes_are_billed_where_they_go_through(tmp_path: Path) -> None:
    plan = a_plan(tmp_path, f"vm_size: {D8}\n")
    alone = {rate.item for rate in usage_rates([*by_item(price_lines(plan, TARGET, shipped_book()))])}
    both = {rate.item for rate in usage_rates([*by_item(price_lines(a_plan(tmp_path), TARGET, shipped_book()))])}
    assert both - alone == {"bytes through the private endpoint"}
    assert "bytes through the NAT gateway" in alone


@pytest.mark.parametrize(("gib", "tier"), [(64, "P6"), (65, "P10"), (128, "P10"), (1024, "P30"), (4095, "P50")])
def test_a_disk_is_billed_as_the_smallest_tier_that_holds_it(gib: int, tier: str) -> None:
    assert disk_tier(gib) == tier


NODES: dict[str, tuple[Target, float | None]] = {
    "a dedicated node": (TARGET, 0.384),
    "a low-priority one costs max_price at most": (replace(TARGET, vm_priority="low_priority", max_price=0.1), 0.1),
    "without max_price as much as a dedicated one": (replace(TARGET, vm_priority="low_priority"), 0.384),
    "max_price bounds low-priority nodes only": (replace(TARGET, max_price=0.1), 0.384),
    "an unknown price": (replace(TARGET, location="nowhere"), None),
}


@pytest.mark.parametrize(("target", "usd"), NODES.values(), ids=NODES.keys())
def test_what_a_node_costs_at_most(target: Target, usd: float | None) -> None:
    assert node_price(target, D8, target.location, shipped_book()) == usd


def test_a_spot_price_is_told_and_never_relied_upon(tmp_path: Path) -> None:
    book = shipped_book().newest(PriceBook({"eastus": RegionPrices("2027-01-01", {D8: 0.4, f"{D8} spot": 0.05})}))
    line = price_lines(a_plan(tmp_path), replace(TARGET, vm_priority="low_priority"), book)[0]
    assert line == PriceLine(f"{D8}, low priority, at most (spot: 0.050 each)", 2, 0.8)


def test_of_several_places_the_dearest_counts_and_an_unknown_one_first(tmp_path: Path) -> None:
    plan = a_plan(tmp_path)
    others = tuple(replace(plan.infrastructure, vm_size=size) for size in ("Standard_D64s_v5", "Standard_D4s_v5"))
    sizes = replace(plan, alternatives=others)
    assert dearest_lines(sizes, TARGET, shipped_book())[0].item == "Standard_D64s_v5"
    elsewhere = replace(plan.infrastructure, location="polandcentral")
    places = replace(plan, alternatives=(*others, elsewhere))
    assert total(dearest_lines(places, TARGET, shipped_book())) is None


def everything(nodes: float, files: float) -> RegionPrices:
    return RegionPrices("2027-01-01", {D8: nodes, "disk P10": 20.0, "premium_files": files})


@pytest.fixture(scope="module")
def two_nodes(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return a_plan(tmp_path_factory.mktemp("two"))


@settings(max_examples=200, deadline=None)
@given(prices=st.lists(st.tuples(st.floats(0.01, 90), st.floats(0.01, 9)), min_size=3, max_size=3))
def test_the_budget_reckons_with_no_less_than_any_place_costs(
    two_nodes: Plan, prices: list[tuple[float, float]]
) -> None:
    """The keep group is made in the first place and stays there; machines end up in any."""
    places = ("eastus", "westeurope", "brazilsouth")
    regions = dict(zip(places, (everything(*each) for each in prices), strict=True))
    book, first = shipped_book().newest(PriceBook(regions)), two_nodes.infrastructure
    plan = replace(two_nodes, alternatives=tuple(replace(first, location=place) for place in places[1:]))
    reckoned = burn_of(dearest_lines(plan, TARGET, book))
    assert reckoned.compute >= max(2 * nodes for nodes, _ in prices)
    assert reckoned.keep >= prices[0][1] * 100 / 730


AZURE = f"vm_size: {D8}\n{TWO}"
CAPS: dict[str, tuple[str, bool, list[str]]] = {
    "a budget that suffices": (f"{AZURE}limits: {{max_cost_usd: 10}}\n", False, []),
    "one that leaves nothing": (f"{AZURE}limits: {{max_cost_usd: 1}}\n", False, ["TFI630"]),
    "one that the kept outputs eat": (f"{AZURE}limits: {{max_cost_usd: 5}}\n", False, ["TFI630"]),
    "the same with outputs kept for a day": (f"{AZURE}limits: {{max_cost_usd: 5, keep_outputs: 1d}}\n", False, []),
    "in a rehearsal it is a warning": (f"{AZURE}limits: {{max_cost_usd: 1}}\n", True, ["TFI630"]),
    "a short run that fits": (
        f"{AZURE}limits: {{max_cost_usd: 1.2, keep_outputs: 1h, max_run_duration: 5m}}\n",
        False,
        [],
    ),
    "a region with unknown prices": (
        f"{TWO}compute_target: {{vm_size: {D8}, location: westeurope}}\nlimits: {{max_cost_usd: 100}}\n",
        False,
        ["TFI631"],
    ),
    "a second region with unknown prices": (
        f"{TWO}compute_target: {{vm_size: {D8}, location: [eastus, westeurope]}}\nlimits: {{max_cost_usd: 100}}\n",
        False,
        ["TFI631"],
    ),
    "the local cloud": (f"{TWO}limits: {{max_cost_usd: 0.01}}\n", False, ["TFI632"]),
    "nothing at all": (f"{AZURE}limits: {{max_cost_usd: 0}}\n", False, ["TFI205"]),
    "what is no number": (f"{AZURE}limits: {{max_cost_usd: .nan}}\n", False, ["TFI205"]),
    "a text": (f"{AZURE}limits: {{max_cost_usd: ten}}\n", False, ["TFI202"]),
    "an unbounded one": (f"{AZURE}limits: {{max_cost_usd: .inf}}\n", False, ["TFI205"]),
}


@pytest.mark.parametrize(("text", "rehearse", "expected"), CAPS.values(), ids=CAPS.keys())
def test_budgets(text: str, rehearse: bool, expected: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, text, HOROVOD, rehearse=rehearse) == expected


def test_only_the_locations_without_a_price_are_named(tmp_path: Path) -> None:
    text = f"{TWO}compute_target: {{vm_size: {D8}, location: [eastus, westeurope, westus2]}}\n"
    with pytest.raises(NotFeasible) as raised:
        checked(tmp_path, f"{text}limits: {{max_cost_usd: 100}}\n", HOROVOD)
    (found,) = raised.value.diagnostics
    assert "is known in westeurope or westus2 of" in found.message


def test_a_budget_that_cannot_work_is_not_feasible_with_its_line_and_numbers(tmp_path: Path) -> None:
    with pytest.raises(NotFeasible) as raised:
        checked(tmp_path, f"{AZURE}limits: {{max_cost_usd: 1}}\n", HOROVOD)
    (found,) = raised.value.diagnostics
    assert found.position is not None
    assert (found.position.line, found.path) == (5, "limits.max_cost_usd")
    for piece in ("0.91 USD an hour", "0.10 for bytes", "0.45 for the deletion", "for outputs kept 7 d"):
        assert piece in found.message
    assert found.hint is not None
    enough = found.hint.split()[2]
    assert codes(tmp_path, f"{AZURE}limits: {{max_cost_usd: {enough}}}\n", HOROVOD) == []


def test_a_budget_is_in_the_plan_and_in_the_resolved_manifest(tmp_path: Path) -> None:
    made = checked(tmp_path, f"{AZURE}limits: {{max_cost_usd: 12.5}}\n", HOROVOD)
    assert made.plan.limits.max_cost_usd == 12.5
    assert "max_cost_usd: 12.5" in resolved_text(made.manifest, made.spec)


def test_every_region_that_the_shipped_book_prices_wholly_is_one_that_a_hint_may_name() -> None:
    book = shipped_book()
    whole = [place for place in book.regions if book.price("disk P10", place) and book.price("premium_files", place)]
    assert [place for place in whole if place != EVERYWHERE] == ["eastus"]

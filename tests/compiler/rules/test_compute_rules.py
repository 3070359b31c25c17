"""What a target says of its machines, and what the plan makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.manifests import HOROVOD, checked, codes
from tests.compiler.manifests import said as all_said
from tfinfra.catalog.features import features
from tfinfra.catalog.images import image_features, image_of
from tfinfra.catalog.prices import shipped_book
from tfinfra.catalog.sizes import Retired, sizes
from tfinfra.compiler.cost import price_lines
from tfinfra.compiler.target import chosen
from tfinfra.model import Infrastructure

_ARM = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/p/providers"
SUBNET = f"{_ARM}/Microsoft.Network/virtualNetworks/hub/subnets/training"
RESERVED = f"{_ARM}/Microsoft.Compute/capacityReservationGroups/training"
COMPUTE = f"{_ARM}/Microsoft.Compute"
GALLERY = f"{COMPUTE}/galleries/g/images/i"
UBUNTU = "Canonical:ubuntu-24_04-lts:server:24.04.202601010"
TWO = "distributed_backend: mpi\nnode_count: 2\n"

TABLE: dict[str, tuple[str, list[str]]] = {
    "all keys at once": (f"vm_size: Standard_D8s_v5, location: eastus, zone: 1, image: '{UBUNTU}'", []),
    "Generation 1 on a size of Generation 2": (
        "vm_size: Standard_NC24ads_A100_v4, image: 'Canonical:ubuntu-24_04-lts:server-gen1:1'",
        ["TFI412", "TFI670"],
    ),
    "an image for arm64": ("vm_size: Standard_D8s_v5, image: 'Canonical:ubuntu-24_04-lts:server-arm64:1'", ["TFI670"]),
    "an image that nothing is known of": ("vm_size: Standard_D8s_v5, image: 'me:mine:it:1'", []),
    "an image with a stand-in for its version": ("vm_size: Standard_D8s_v5, image: 'me:mine:it:VERSION'", ["TFI206"]),
    "an image that is not pinned": ("vm_size: Standard_D8s_v5, image: 'me:mine:it:latest'", ["TFI671"]),
    "a gallery's image that is not pinned": (f"vm_size: Standard_D8s_v5, image: {GALLERY}", ["TFI671"]),
    "a gallery's image whose version is the newest": (
        f"vm_size: Standard_D8s_v5, image: {GALLERY}/versions/latest",
        ["TFI671"],
    ),
    "a gallery's image": (f"vm_size: Standard_D8s_v5, image: {GALLERY}/versions/1.0.0", []),
    "an image of the subscription": (f"vm_size: Standard_D8s_v5, image: {COMPUTE}/images/i", []),
    "a gallery, and no image of it": (f"vm_size: Standard_D8s_v5, image: {COMPUTE}/galleries/g", ["TFI206"]),
    "reserved capacity on InfiniBand": (
        f"vm_size: Standard_HB120rs_v3, location: eastus, capacity_reservation_id: {RESERVED}",
        ["TFI672"],
    ),
    "reserved low-priority capacity": (
        f"vm_size: Standard_D8s_v5, vm_priority: low_priority, capacity_reservation_id: {RESERVED}",
        ["TFI673"],
    ),
    "a series that is not reserved": (
        f"vm_size: Standard_NC40ads_H100_v5, capacity_reservation_id: {RESERVED}",
        ["TFI412", "TFI674"],
    ),
    "a price without low priority": ("vm_size: Standard_D8s_v5, max_price: 1", ["TFI675"]),
    "a price that limits nothing": ("vm_size: Standard_D8s_v5, vm_priority: lowpriority, max_price: 1", ["TFI676"]),
    "a price that limits": ("vm_size: Standard_D8s_v5, vm_priority: lowpriority, max_price: 0.1", []),
    "sizes with other GPUs": ("vm_size: [Standard_D8s_v5, Standard_NC4as_T4_v3]", ["TFI677"]),
    "sizes that would do": ("vm_size: [Standard_D8s_v5, Standard_D16s_v5]", []),
    "a subnet and two locations": (
        f"vm_size: Standard_D8s_v5, location: [eastus, westus2], subnet_id: {SUBNET}",
        ["TFI678"],
    ),
    "a subnet of another subscription": (
        f"vm_size: Standard_D8s_v5, subscription_id: 11111111-1111-1111-1111-111111111111, subnet_id: {SUBNET}",
        ["TFI679"],
    ),
    "a location without a size": ("cloud: azure, location: eastus", ["TFI402"]),
    "a second location that is none": ("vm_size: Standard_D8s_v5, location: [eastus, eastuss]", ["TFI404"]),
    "a second size that is none": ("vm_size: [Standard_D8s_v5, Standard_D8s_v55]", ["TFI402"]),
    "a second location without the size": (
        "vm_size: Standard_ND96isr_H100_v5, location: [eastus, northeurope]",
        ["TFI403"],
    ),
}


@pytest.mark.parametrize("sentence", TABLE)
def test_rules_of_the_target(sentence: str, tmp_path: Path) -> None:
    keys, expected = TABLE[sentence]
    assert codes(tmp_path, f"{TWO}compute_target: {{{keys}}}\n", HOROVOD) == expected


def test_a_rule_names_the_item_of_the_list(tmp_path: Path) -> None:
    text = f"{TWO}compute_target:\n  vm_size:\n  - Standard_D8s_v5\n  - Standard_NC4as_T4_v3\n"
    with pytest.raises(Exception, match="T4") as caught:
        checked(tmp_path, text, HOROVOD)
    (error,) = caught.value.diagnostics  # type: ignore[attr-defined]  # a ManifestError has them
    assert (error.path, error.position.line) == ("compute_target.vm_size[1]", 7)


def test_alternatives_are_by_location_then_by_size_with_a_price_each(tmp_path: Path) -> None:
    text = "compute_target: {vm_size: [Standard_D8s_v5, Standard_D16s_v5], location: [eastus, westeurope]}\n"
    found = checked(tmp_path, text)
    plan = found.plan
    assert [(i.location, i.vm_size) for i in plan.choices] == [
        ("eastus", "Standard_D8s_v5"),
        ("eastus", "Standard_D16s_v5"),
        ("westeurope", "Standard_D8s_v5"),
        ("westeurope", "Standard_D16s_v5"),
    ]
    nodes = [price_lines(plan, found.spec.target, shipped_book(), choice)[0] for choice in range(4)]
    prices = [line.usd_per_hour or 0 for line in nodes]
    assert prices[0] < prices[2] < prices[1] < prices[3]


def test_a_pair_that_is_not_sold_is_left_out(tmp_path: Path) -> None:
    sizes_ = "[Standard_NC4as_T4_v3, Standard_NC8as_T4_v3]"
    plan = checked(
        tmp_path, f"use_gpu: true\ncompute_target: {{vm_size: {sizes_}, location: [eastus, westus3]}}\n"
    ).plan
    assert len(plan.choices) == 4


def made(tmp_path: Path, keys: str, nodes: str = TWO) -> Infrastructure:
    return checked(tmp_path, f"{nodes}compute_target: {{{keys}}}\n", HOROVOD).plan.infrastructure


def test_low_priority_costs_at_most_the_dedicated_price_unless_told_otherwise(tmp_path: Path) -> None:
    one, other = (
        made(tmp_path, f"vm_size: Standard_D8s_v5, vm_priority: low_priority{x}") for x in ("", ", max_price: 0.1")
    )
    assert one.spot is not None
    assert other.spot is not None
    assert (one.spot.max_price, other.spot.max_price) == (-1, 0.1)


@pytest.mark.parametrize(
    ("keys", "nodes", "expected"),
    [
        ("vm_size: Standard_D8s_v5", TWO, True),
        ("vm_size: Standard_D8s_v5, zone: 1", TWO, True),
        ("vm_size: Standard_D8s_v5", "", False),
        ("vm_size: Standard_HB120rs_v3, location: eastus", TWO, False),
        ("vm_size: Standard_D8s_v5, vm_priority: low_priority", TWO, False),
        (f"vm_size: Standard_D8s_v5, capacity_reservation_id: {RESERVED}", TWO, False),
        ("vm_size: Standard_D8s_v5", "distributed_backend: mpi\nnode_count: 101\n", False),
    ],
)
def test_proximity_placement_is_for_several_dedicated_nodes_without_infiniband(
    tmp_path: Path, keys: str, nodes: str, expected: bool
) -> None:
    script = HOROVOD if nodes else "print()\n"
    text = f"{nodes}compute_target: {{{keys}}}\n"
    assert checked(tmp_path, text, script).plan.infrastructure.proximity_placement is expected


def test_the_system_disk_is_the_nodes_own_where_it_fits(tmp_path: Path) -> None:
    def ephemeral(keys: str) -> bool:
        return made(tmp_path, f"location: eastus, {keys}").ephemeral_os_disk

    assert ephemeral("vm_size: Standard_NC4as_T4_v3")
    assert ephemeral("vm_size: Standard_NC48ads_A100_v4")  # 128 of 128 GiB
    assert not ephemeral(f"vm_size: Standard_NC48ads_A100_v4, image: '{UBUNTU}'")  # Trusted Launch takes one of them
    assert not ephemeral("vm_size: Standard_NC4as_T4_v3, os_disk_gb: 256")
    assert not ephemeral("vm_size: Standard_D8s_v5")


def test_trusted_launch_needs_the_size_and_the_image(tmp_path: Path) -> None:
    def security(keys: str) -> str:
        return made(tmp_path, f"location: eastus, {keys}").security_type

    assert security(f"vm_size: Standard_D8s_v5, image: '{UBUNTU}'") == "TrustedLaunch"
    assert security(f"vm_size: Standard_ND96asr_v4, image: '{UBUNTU}'") == "Standard"
    assert security("vm_size: Standard_D8s_v5") == "Standard"


def test_the_features_of_every_size_of_the_catalog_are_known() -> None:
    for known in sizes():
        found = features(known.name)
        assert found.generations <= {"V1", "V2"}, known.name
        assert "V2" in found.generations, known.name
        assert found is not features("Standard_Unknown"), known.name


def test_an_image_is_four_names_or_an_id() -> None:
    assert image_of(UBUNTU).sku == "server"
    assert image_of("/subscriptions/x").id == "/subscriptions/x"
    assert image_features(image_of("/subscriptions/x")) is None
    known = image_features(image_of("canonical:0001-com-ubuntu-server-jammy:22_04-lts:1"))
    assert known is not None
    assert known.generation == "V1"


RETIRING: dict[str, tuple[str, str, list[str], str]] = {
    "the day before": ("2028-04-30T23:59:59Z", "Standard_D8s_v5", ["warning TFI413"], "Azure retires"),
    "its day": ("2028-05-01T00:00:00Z", "Standard_D8s_v5", ["error TFI413"], "Azure has retired"),
    "one that the catalog lacks, before": ("2028-04-30T00:00:00Z", "Standard_D2_v2", ["error TFI402"], "no others"),
    "one that the catalog lacks, after": ("2028-05-02T00:00:00Z", "Standard_D2_v2", ["error TFI413"], "has retired"),
}


@pytest.mark.parametrize("case", RETIRING)
def test_a_retirement_is_a_warning_until_its_day(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, name, expected, said = RETIRING[case]
    monkeypatch.setattr(chosen, "iso_time", lambda: now)
    monkeypatch.setattr(chosen, "retired", lambda _: Retired("2028-05-01", "Standard_D16s_v5"))
    found = [each for each in all_said(tmp_path, f"vm_size: {name}\n") if each.code in ("TFI402", "TFI413")]
    assert [f"{each.severity.value} {each.code}" for each in found] == expected
    assert said in found[0].message and "Standard_D16s_v5" in (found[0].hint or "")


@pytest.mark.parametrize(
    "name", ["Standard_D4s_v3", "Standard_F8s_v2", "Standard_E8s_v5", "Standard_B2s", "Standard_X"]
)
def test_a_size_that_the_catalog_lacks_is_not_said_to_be_none_of_azures(name: str, tmp_path: Path) -> None:
    (found,) = all_said(tmp_path, f"vm_size: {name}\n")
    assert (found.code, found.message) == ("TFI402", f"the catalog knows no VM size '{name}', and no others are taken")
    assert "`tfinfra catalog sizes` lists all" in (found.hint or "")

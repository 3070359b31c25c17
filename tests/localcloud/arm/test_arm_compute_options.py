"""What a scale set may be asked for beside its size: spot, zone, subnet, reservation, image and system disk. It is
refused with ARM's code where Azure would refuse it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.arm.test_arm_resources import PROFILE, changed
from tests.localcloud.calls import COMPUTE, KEEP, SET, Arm, scale_set

GROUP = f"{KEEP}/providers/Microsoft.Compute/capacityReservationGroups/held"
PLACEMENT = f"{COMPUTE}/providers/Microsoft.Compute/proximityPlacementGroups/near"
GALLERY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/i/images/t/versions/1.0.0"
IMAGE = f"{PROFILE}.storageProfile.imageReference"
DISK = f"{PROFILE}.storageProfile.osDisk"
LOCAL_DISK = {
    "createOption": "FromImage",
    "caching": "ReadOnly",
    "diskSizeGB": 128,
    "diffDiskSettings": {"option": "Local", "placement": "ResourceDisk"},
}
SPOT = {f"{PROFILE}.priority": "Spot", f"{PROFILE}.evictionPolicy": "Delete"}
GEN1 = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server-gen1", "version": "24.04.1"}
RESERVED = {"capacityReservationGroup": {"id": GROUP}}

ACCEPTED: dict[str, dict[str, Any]] = {
    "spot at any price": {**SPOT, f"{PROFILE}.billingProfile": {"maxPrice": -1}},
    "spot up to a price": {**SPOT, f"{PROFILE}.billingProfile": {"maxPrice": 0.25}},
    "a zone": {"zones": ["1"]},
    "an image of a gallery, which may be anywhere": {IMAGE: {"id": GALLERY}},
    "a system disk on the temporary one": {"sku.name": "Standard_NC4as_T4_v3", DISK: LOCAL_DISK},
    "Trusted Launch": {f"{PROFILE}.securityProfile": {"securityType": "TrustedLaunch"}},
    "Generation 1 on a size that has both": {IMAGE: GEN1},
    "reserved capacity": {f"{PROFILE}.capacityReservation": RESERVED},
    "a placement group": {"properties.proximityPlacementGroup": {"id": PLACEMENT}},
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "spot that keeps evicted disks": ({f"{PROFILE}.priority": "Spot"}, "OperationNotAllowed"),
    "a price of nothing": ({**SPOT, f"{PROFILE}.billingProfile": {"maxPrice": 0}}, "MaxPriceValueInvalid"),
    "a price without spot": (
        {f"{PROFILE}.billingProfile": {"maxPrice": 1}},
        "MaxPriceIsSupportedOnlyForAzureSpotVirtualMachines",
    ),
    "spot on reserved capacity": ({**SPOT, f"{PROFILE}.capacityReservation": RESERVED}, "InvalidParameter"),
    "reserved capacity in a zone that the group does not have": (
        {f"{PROFILE}.capacityReservation": RESERVED, "zones": ["1"]},
        "InvalidParameter",
    ),
    "reserved capacity of another size": (
        {f"{PROFILE}.capacityReservation": RESERVED, "sku.name": "Standard_D16s_v5"},
        "InvalidParameter",
    ),
    "a reservation group that is not there": (
        {f"{PROFILE}.capacityReservation": {"capacityReservationGroup": {"id": f"{GROUP}x"}}},
        "InvalidResourceReference",
    ),
    "another location than the subnet's": ({"location": "westeurope"}, "InvalidResourceReference"),
    "an image by halves": ({IMAGE: {"publisher": "Canonical", "offer": "x"}}, "InvalidParameter"),
    "an image twice": ({IMAGE: {**GEN1, "id": GALLERY}}, "InvalidParameter"),
    "Generation 1 on a size that has none": ({"sku.name": "Standard_NC24ads_A100_v4", IMAGE: GEN1}, "BadRequest"),
    "a system disk where there is no local one": ({DISK: LOCAL_DISK}, "NotSupported"),
    "a system disk larger than the local one": (
        {"sku.name": "Standard_NC4as_T4_v3", DISK: {**LOCAL_DISK, "diskSizeGB": 256}},
        "NotSupported",
    ),
    "a local system disk that is written through": (
        {"sku.name": "Standard_NC4as_T4_v3", DISK: {**LOCAL_DISK, "caching": "ReadWrite"}},
        "InvalidParameter",
    ),
    "Standard by its name": ({f"{PROFILE}.securityProfile": {"securityType": "Standard"}}, "InvalidParameter"),
    "Trusted Launch where it is not": (
        {
            "sku.name": "Standard_ND96asr_v4",
            "sku.capacity": 1,
            f"{PROFILE}.securityProfile.securityType": "TrustedLaunch",
        },
        "BadRequest",
    ),
}


@pytest.fixture
def ready(arm: Arm) -> Arm:
    """Everything that a scale set may name."""
    arm.make_all()
    assert arm.put(GROUP, {"location": "eastus"}).status == 201
    held = {"location": "eastus", "sku": {"name": "Standard_D8s_v5", "capacity": 4}}
    assert arm.put(f"{GROUP}/capacityReservations/d8", held).status == 201
    near = {"location": "eastus", "properties": {"proximityPlacementGroupType": "Standard"}}
    assert arm.put(PLACEMENT, near).status == 201
    return arm


def body(changes: dict[str, Any]) -> dict[str, Any]:
    made = scale_set()
    for path, value in changes.items():
        made = changed(made, path, value)
    return made


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_scale_set_may_have(ready: Arm, case: str) -> None:
    reply = ready.put(SET, body(ACCEPTED[case]))
    assert reply.status == 201, reply.body


@pytest.mark.parametrize("case", REFUSED)
def test_a_scale_set_may_not_have(ready: Arm, case: str) -> None:
    changes, code = REFUSED[case]
    reply = ready.put(SET, body(changes))
    assert (reply.status, reply.code) == (400, code), reply.body


def test_a_private_endpoint_says_at_which_address_it_stands_for_which_name(ready: Arm) -> None:
    subnet = f"{COMPUTE}/providers/Microsoft.Network/virtualNetworks/digits-abc123-vnet/subnets/nodes"
    account = f"{KEEP}/providers/Microsoft.Storage/storageAccounts/tfi08b9424e327a73637d968"
    link = {"name": "shared", "properties": {"privateLinkServiceId": account, "groupIds": ["file"]}}
    properties = {"subnet": {"id": subnet}, "privateLinkServiceConnections": [link]}
    path = f"{COMPUTE}/providers/Microsoft.Network/privateEndpoints/shared"
    made = ready.put(path, {"location": "eastus", "properties": properties})
    assert made.body["properties"]["customDnsConfigs"] == [
        {"fqdn": "tfi08b9424e327a73637d968.file.core.windows.net", "ipAddresses": ["10.1.0.254"]}
    ]

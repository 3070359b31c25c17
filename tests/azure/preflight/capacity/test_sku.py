"""What ARM lists of a size, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.azure.preflight.replies import DEMAND, FORBIDDEN, listed, restriction, sku
from tfinfra.azure.preflight.capacity import sku as sizes
from tfinfra.azure.preflight.finding import ArmReply, Demand

SKUS: dict[str, tuple[ArmReply, Demand, list[tuple[str, str]]]] = {
    "an open size has no finding": (listed(sku()), DEMAND, []),
    "sizes are named in any case": (listed(sku("STANDARD_nc96ads_a100_V4")), DEMAND, []),
    "a size of another location is none": (listed(sku(location="westus")), DEMAND, [("TFI605", "vm_size")]),
    "a disk of that name is no size": (listed(sku(resourceType="disks")), DEMAND, [("TFI605", "vm_size")]),
    "a closed location": (listed(sku(restrictions=[restriction("Location")])), DEMAND, [("TFI606", "vm_size")]),
    "a closed zone does not matter without zone": (
        listed(sku(restrictions=[restriction("Zone", zones=["1"])])),
        DEMAND,
        [],
    ),
    "a closed zone": (
        listed(sku(restrictions=[restriction("Zone", zones=["1"])])),
        replace(DEMAND, zone="1"),
        [("TFI607", "zone")],
    ),
    "a zone without the size": (listed(sku()), replace(DEMAND, zone="2"), [("TFI607", "zone")]),
    "a zone with it": (listed(sku()), replace(DEMAND, zone="3"), []),
    "no InfiniBand where the plan has it": (listed(sku()), replace(DEMAND, infiniband=True), [("TFI608", "vm_size")]),
    "not sold as spot": (
        listed(sku(capabilities={"LowPriorityCapable": "False"})),
        replace(DEMAND, spot=True),
        [("TFI608", "vm_priority")],
    ),
    "no answer is no finding": (FORBIDDEN, DEMAND, []),
}


@pytest.mark.parametrize("case", SKUS)
def test_sizes(case: str) -> None:
    reply, demand, expected = SKUS[case]
    assert [(f.code, f.key) for f in sizes.findings(reply, demand)] == expected


def test_a_zone_that_would_do_is_named() -> None:
    (found,) = sizes.findings(listed(sku()), replace(DEMAND, zone="2"))
    assert found.hint == "it is in zones 1 and 3"

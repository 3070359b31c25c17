"""Whether the nodes fit where the target wants them, and reach the storage from there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.azure.preflight.asked import BROUGHT, TARGET
from tests.stacks.plans import FLEXIBLE, INFINIBAND, plan
from tfinfra.azure.preflight.capacity import placement_limits
from tfinfra.azure.preflight.finding import ArmReply
from tfinfra.errors import Severity
from tfinfra.model import Target


def subnet(prefix: str, used: int = 0, service: str | None = "Microsoft.Storage") -> ArmReply:
    endpoints = [{"service": service, "locations": ["*"]}] if service else None
    properties: dict[str, Any] = {
        "addressPrefix": prefix,
        "ipConfigurations": [{}] * used,
        "serviceEndpoints": endpoints,
    }
    return ArmReply(200, {"properties": properties})


PLACES: dict[str, tuple[Any, Target, ArmReply | None, list[str]]] = {
    "nodes of our own subnet": (FLEXIBLE, TARGET, None, []),
    "too many on InfiniBand": (replace(INFINIBAND, node_count=101), TARGET, None, ["node_count"]),
    "many without it": (replace(FLEXIBLE, node_count=101), TARGET, None, []),
    "a reservation excludes InfiniBand": (
        INFINIBAND,
        replace(TARGET, capacity_reservation_id="/r"),
        None,
        ["capacity_reservation_id"],
    ),
    "a subnet with just room enough": (replace(FLEXIBLE, node_count=11), BROUGHT, subnet("10.0.0.0/28"), []),
    "a subnet that is too small": (replace(FLEXIBLE, node_count=12), BROUGHT, subnet("10.0.0.0/28"), ["subnet_id"]),
    "a subnet that others use": (FLEXIBLE, BROUGHT, subnet("10.0.0.0/28", used=10), ["subnet_id"]),
    "a subnet in InfiniBand's own network": (INFINIBAND, BROUGHT, subnet("172.16.4.0/24"), ["subnet_id"]),
    "the same without InfiniBand": (FLEXIBLE, BROUGHT, subnet("172.16.4.0/24"), []),
    "a subnet that is not there": (FLEXIBLE, BROUGHT, ArmReply(404, {}), ["subnet_id"]),
}


@pytest.mark.parametrize("case", PLACES)
def test_placement(case: str) -> None:
    infrastructure, target, reply, expected = PLACES[case]
    found = list(placement_limits.findings(plan(infrastructure), target, reply))
    assert [(f.code, f.key) for f in found] == [("TFI613", key) for key in expected]


WAYS: dict[str, tuple[str | None, list[tuple[str, Severity]]]] = {
    "a service endpoint": ("Microsoft.Storage", []),
    "one to every region": ("Microsoft.Storage.Global", []),
    "none": (None, [("TFI628", Severity.WARNING)]),
    "one to something else": ("Microsoft.KeyVault", [("TFI628", Severity.WARNING)]),
}


@pytest.mark.parametrize("case", WAYS)
def test_the_way_to_storage(case: str) -> None:
    service, expected = WAYS[case]
    found = placement_limits.findings(plan(FLEXIBLE), BROUGHT, subnet("10.0.0.0/24", service=service))
    assert [(f.code, f.severity) for f in found] == expected

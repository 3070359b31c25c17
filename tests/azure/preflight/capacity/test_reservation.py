"""What a capacity reservation group holds, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.azure.preflight.replies import A100, DEMAND, FORBIDDEN, listed
from tfinfra.azure.preflight.capacity import reservation
from tfinfra.azure.preflight.finding import ArmReply, Demand


def held(size: str, *zones: str) -> dict[str, Any]:
    return {"name": "r", "sku": {"name": size, "capacity": 1}, **({"zones": list(zones)} if zones else {})}


RESERVED: dict[str, tuple[Demand, ArmReply | None, list[tuple[str, str | None]]]] = {
    "none is named": (DEMAND, None, []),
    "of the size": (DEMAND, listed(held("Standard_D8s_v5"), held(A100)), []),
    "of the size, in the zone": (replace(DEMAND, zone="2"), listed(held(A100, "1"), held(A100, "2")), []),
    "for fewer nodes, which are then no promise": (replace(DEMAND, node_count=9), listed(held(A100)), []),
    "of another size": (
        DEMAND,
        listed(held("Standard_D8s_v5")),
        [(f"has no reservation of {A100} without a zone", "it holds Standard_D8s_v5 without a zone")],
    ),
    "of another zone": (
        replace(DEMAND, zone="2"),
        listed(held(A100, "1")),
        [(f"has no reservation of {A100} in zone 2", f"it holds {A100} in zone 1")],
    ),
    "of a zone that nobody asked for": (
        DEMAND,
        listed(held(A100, "1")),
        [(f"has no reservation of {A100} without a zone", f"it holds {A100} in zone 1")],
    ),
    "empty": (DEMAND, listed(), [(f"has no reservation of {A100} without a zone", "it holds nothing")]),
    "not there": (DEMAND, ArmReply(404, {}), [("is not there", None)]),
    "no answer is no finding": (DEMAND, FORBIDDEN, []),
}


@pytest.mark.parametrize("case", RESERVED)
def test_reserved_capacity(case: str) -> None:
    demand, reply, expected = RESERVED[case]
    found = list(reservation.findings(demand, reply))
    assert [(f.message.removeprefix("the capacity reservation group "), f.hint) for f in found] == expected
